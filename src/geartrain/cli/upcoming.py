"""``geartrain upcoming``: delayed and recurring jobs in the order of their times."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import UpcomingRow
from geartrain.cli.columns import AGE, COUNT, MOMENT, NAME, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.filters import is_glob
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["upcoming"]

_UPCOMING: RowListing[UpcomingRow] = RowListing(
    columns=(
        Column("WHEN", lambda row: row.when, AGE, worth=2),
        Column("AT", lambda row: row.when, MOMENT, worth=0),
        Column("KIND", lambda row: row.kind, worth=2),
        Column("FUNCTION", lambda row: row.function, NAME),
        Column("HANDLE", lambda row: row.handle or None, TEXT),
        Column("FIELDS", lambda row: row.fields, TEXT),
        Column("FAILED", lambda row: row.attempts, COUNT),
        Column("JOBS", lambda row: row.count, COUNT),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=dataclasses.asdict,
    nothing="nothing waits for a time",
)


@click.command(
    short_help="List what comes when: delayed and recurring jobs.",
    context_settings=CONTEXT,
)
@listing_options("Only this function, or those that match a glob.")
def upcoming(view: View) -> None:
    """List delayed and recurring jobs, the soonest first.

    KIND is job, schedule for the next time of a recurring job, or stored for what the
    job store alone has: JOBS is how many these are, WHEN is the time of the first.
    FAILED counts the attempts of a job that waits for another. At most 1,000 rows are
    shown.
    """
    name = view.function if view.function and not is_glob(view.function) else None
    view.show(_UPCOMING, lambda admin, ask: admin.upcoming(function=name, limit=1000))
