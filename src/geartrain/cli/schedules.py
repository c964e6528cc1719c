"""``geartrain schedules``: the recurring jobs of a running job server."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import ScheduleRow
from geartrain.cli.columns import AGE, MOMENT, NAME, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["schedules"]

_SCHEDULES: RowListing[ScheduleRow] = RowListing(
    columns=(
        Column("HANDLE", lambda row: row.handle, NAME),
        Column("FUNCTION", lambda row: row.function, NAME),
        Column("FIELDS", lambda row: row.fields, worth=2),
        Column("DUE", lambda row: row.due, MOMENT, worth=0),
        Column("WHEN", lambda row: row.due, AGE, worth=2),
        Column("UNIQUE", lambda row: row.unique or None, TEXT),
    ),
    to_json=dataclasses.asdict,
    nothing="there are no schedules",
)


@click.command(short_help="List recurring jobs.", context_settings=CONTEXT)
@listing_options("Only schedules of this function, or of those that match a glob.")
def schedules(view: View) -> None:
    """List recurring jobs, and when they are due.

    FIELDS are minute, hour, day of the month, month and day of the week, in the job
    server's time zone. `geartrain cancel HANDLE` ends a schedule.
    """
    view.show(_SCHEDULES, lambda admin, ask: admin.schedules())
