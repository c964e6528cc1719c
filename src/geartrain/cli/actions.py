"""``geartrain actions``: what operators of a running job server did."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import ActionRow, Admin
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.flags import typed
from geartrain.cli.tables import Column, write_list
from geartrain.cli.times import brief
from geartrain.configuration.kinds import whole
from geartrain.transport.connect import Connector

__all__ = ["actions"]

_LIMIT = 100

_COLUMNS: tuple[Column[ActionRow], ...] = (
    Column("TIME", lambda row: brief(row.time)),
    Column("FROM", lambda row: row.address),
    Column("CLIENT", lambda row: None if row.client == "-" else row.client),
    Column("COMMAND", lambda row: row.command),
    Column("ARGUMENTS", lambda row: row.arguments or None, is_elastic=True),
    Column("COUNT", lambda row: row.count, is_number=True),
)


@click.command(short_help="List what operators did.", context_settings=CONTEXT)
@click.option("--function", metavar="F", help="Only what was about this function.")
@click.option(
    "--limit",
    type=typed(whole(1)),
    default=_LIMIT,
    show_default=True,
    metavar="N",
    help="Maximum number of rows.  [x>=1]",
)
@json_option
@server_option
def actions(server: Connector, function: str | None, limit: int, as_json: bool) -> None:
    """List what operators changed by text commands, the latest first.

    The server keeps the latest 1,000. COUNT is the number of jobs, functions or
    settings that were changed.
    """
    with Admin(server) as admin:
        found = admin.actions(function=function, limit=limit)
        write_list(found, _COLUMNS, dataclasses.asdict, as_json)
