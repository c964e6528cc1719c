"""``geartrain failures``: what made jobs fail lately."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import FailureRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.filters import is_glob
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["failures"]

_FAILURES: RowListing[FailureRow] = RowListing(
    columns=(
        Column("FUNCTION", lambda row: row.function, NAME),
        Column("COUNT", lambda row: row.count, COUNT, worth=2),
        Column("STATE", lambda row: row.state),
        Column("LAST", lambda row: row.last, AGE),
        Column("LATEST", lambda row: row.handle, NAME, worth=0),
        Column("ERROR", lambda row: row.error or row.reason, PROSE, worth=2),
    ),
    to_json=dataclasses.asdict,
    nothing="no job has failed lately",
)


@click.command(short_help="List what made jobs fail lately.", context_settings=CONTEXT)
@listing_options("Only this function, or those that match a glob.")
def failures(view: View) -> None:
    """List what made jobs fail lately, the most frequent first.

    COUNT is how many jobs failed for good with the same error, among the latest 20,000
    that ended. LATEST is the last of them: see ``geartrain job HANDLE``.
    """
    name = view.function if view.function and not is_glob(view.function) else None
    view.show(_FAILURES, lambda admin, ask: admin.failures(function=name, limit=1000))
