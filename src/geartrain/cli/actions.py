"""``geartrain actions``: what operators of a running job server did."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import ActionRow
from geartrain.cli.columns import COUNT, MOMENT, NAME, PROSE, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["actions"]

_ACTIONS: RowListing[ActionRow] = RowListing(
    columns=(
        Column("TIME", lambda row: row.time, MOMENT, worth=2),
        Column("WHO", lambda row: row.principal, TEXT),
        Column("FROM", lambda row: row.address),
        Column("CLIENT", lambda row: None if row.client == "-" else row.client, TEXT),
        Column("COMMAND", lambda row: row.command, worth=2),
        Column("ARGUMENTS", lambda row: row.arguments or None, PROSE),
        Column("COUNT", lambda row: row.count, COUNT),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=dataclasses.asdict,
    nothing="no operator has changed anything",
    # The latest are what people look for.
    limit=100,
)


@click.command(short_help="List what operators did.", context_settings=CONTEXT)
@listing_options("Only what was about this function.")
def actions(view: View) -> None:
    """List what operators changed by text commands, the latest first.

    The server keeps the latest 1,000, and a hundred are shown unless told otherwise.
    COUNT is the number of jobs, functions or settings that were changed. What one job
    server had others do is told once, and NODE is the one that was given the order.
    """
    view.show(
        _ACTIONS,
        lambda admin, ask: admin.actions(function=ask.function, limit=ask.limit),
    )
