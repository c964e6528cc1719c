"""``geartrain keys``: the flow keys of a function, and what their jobs wait for."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import KeyRow
from geartrain.cli.columns import AGE, COUNT, NAME, SPAN, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["keys"]

_LIMITS = {
    "key_concurrency": "a place of the key",
    "key_rate": "the rate of the key",
    "order": "its turn",
    "concurrency": "a place of the function",
    "rate": "the rate of the function",
}

_KEYS: RowListing[KeyRow] = RowListing(
    columns=(
        Column("KEY", lambda row: row.key, NAME),
        Column("WAITING", lambda row: row.waiting, COUNT, worth=2),
        Column("HELD", lambda row: row.held, COUNT),
        Column("RUNNING", lambda row: row.running, COUNT, worth=2),
        Column("OLDEST", lambda row: row.oldest, SPAN),
        Column("WAITS FOR", lambda row: row.limit and _LIMITS[row.limit], worth=2),
        Column("NEXT", lambda row: row.next, AGE),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=dataclasses.asdict,
    nothing="no job of the function has a flow key that is limited",
    key=lambda row: (row.node, row.key),
    limit=100,
    sort="waiting",
    server_sorts=frozenset({"key", "waiting", "running", "oldest"}),
)


@click.command(short_help="List a function's flow keys.", context_settings=CONTEXT)
@click.argument("function")
@click.option("--match", metavar="TEXT|GLOB", help="Only keys that are like this.")
@listing_options()
def keys(function: str, match: str | None, view: View) -> None:
    """List the flow keys of a function that have jobs, the most waiting first.

    HELD counts the waiting jobs that may not start yet. OLDEST is how long the first
    has waited. WAITS FOR is the limit that the next one meets, and NEXT is when that
    lets it start; both are - where it only waits for a worker.
    """
    view.show(
        _KEYS,
        lambda admin, ask: admin.keys(
            function, sort=ask.sort or "waiting", match=match, limit=ask.limit
        ),
    )
