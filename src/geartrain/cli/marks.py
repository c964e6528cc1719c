"""``geartrain marks``: when the server started and ended, and functions had nobody."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import click

from geartrain.admin import Admin, MarkRow
from geartrain.cli.columns import MOMENT, NAME, SPAN, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import Ask, RowListing, View, listing_options

__all__ = ["marks"]

_MARKS: RowListing[MarkRow] = RowListing(
    columns=(
        Column("TIME", lambda row: row.time, MOMENT, worth=2),
        Column("MARK", lambda row: row.mark, worth=2),
        Column("FUNCTION", lambda row: row.function, TEXT),
        Column("AFTER", lambda row: row.seconds, SPAN),
        Column("VERSION", lambda row: row.version, TEXT),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=dataclasses.asdict,
    nothing="nothing is marked",
    # The latest are what people look for.
    limit=100,
)


@click.command(
    short_help="List starts and ends of the server, and of functions' workers.",
    context_settings=CONTEXT,
)
@listing_options("Only this function's marks.")
def marks(view: View) -> None:
    """List when the server started, stopped or crashed, the latest first.

    That includes when the last worker of a function left (no_worker) and when one came
    back (worker). AFTER is how long the server was away, or the function without a
    worker. The server keeps the latest 200, and 2,000 of all functions. NODE is the job
    server, where several share a store.
    """
    view.show(_MARKS, _find)


def _find(admin: Admin, ask: Ask) -> Iterator[MarkRow]:
    # With a function the server's own marks come, too, and are not shown.
    limit = None if ask.function else ask.limit
    return admin.marks(function=ask.function, limit=limit)
