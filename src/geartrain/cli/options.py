"""``geartrain options``: what a running job server was told."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import OptionRow
from geartrain.cli.columns import NAME, PROSE, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["options"]

_OPTIONS: RowListing[OptionRow] = RowListing(
    columns=(
        Column("OPTION", lambda row: row.option, NAME),
        Column("VALUE", lambda row: row.value or None, PROSE, worth=2),
        Column("FROM", lambda row: row.source),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=dataclasses.asdict,
    nothing="the job server tells no options",
)


@click.command(short_help="List the job server's options.", context_settings=CONTEXT)
@listing_options()
def options(view: View) -> None:
    """List the options that a running job server has, and where each was given.

    FROM is a flag, a variable, a line of the file, or default. Secrets are masked.
    """
    view.show(_OPTIONS, lambda admin, ask: admin.options())
