"""``geartrain problems``: what is wrong now, and what mends it."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import ProblemRow
from geartrain.cli.columns import AGE, NAME, PROSE, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["PROBLEMS_LISTING", "problems"]

PROBLEMS_LISTING: RowListing[ProblemRow] = RowListing(
    columns=(
        Column("PROBLEM", lambda row: row.problem.replace("_", " "), NAME, worth=9),
        Column("SINCE", lambda row: row.since, AGE, worth=7),
        Column("FUNCTION", lambda row: row.function, TEXT, worth=2),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
        Column("WHAT IS WRONG", lambda row: row.text, PROSE, worth=8),
        Column("WHAT MENDS IT", lambda row: row.remedy, PROSE, worth=6),
    ),
    to_json=dataclasses.asdict,
    nothing="nothing is wrong",
    key=lambda row: (row.problem, row.function, row.node),
)


@click.command(
    short_help="List what is wrong now, and what mends it.", context_settings=CONTEXT
)
@listing_options()
def problems(view: View) -> None:
    """List what is wrong now, and what mends it.

    These are the problems that the dashboard shows as what needs you and that hooks
    are told of. Of job servers that share a store, those of all are listed.
    """
    view.show(PROBLEMS_LISTING, lambda admin, ask: admin.problems(ask.limit))
