"""``geartrain workers``: who works for a running job server."""

from __future__ import annotations

import click

from geartrain.admin import Admin
from geartrain.cli.asking import CONTEXT, as_json, asked_server
from geartrain.cli.output import warn_of_unread, write_json
from geartrain.cli.tables import Column, write_table
from geartrain.cli.watching import repeat, watched
from geartrain.transport.connect import Connector

__all__ = ["workers"]

_COLUMNS = (
    Column("ID", is_elastic=True),
    Column("ADDRESS"),
    Column("CONNECTION", is_number=True),
    Column("FUNCTIONS", is_elastic=True),
)


@click.command(short_help="List the workers.", context_settings=CONTEXT)
@asked_server
@click.option("--function", metavar="F", help="Only those that serve this function.")
@watched
@as_json
def workers(
    server: Connector, function: str | None, watch: float | None, as_json: bool
) -> None:
    """List the workers that are connected, and the functions they serve."""
    with Admin(server) as admin:
        repeat(lambda: _show(admin, function, as_json), watch)


def _show(admin: Admin, function: str | None, as_json: bool) -> None:
    rows = admin.workers()
    warn_of_unread("workers", admin.unread)
    if function is not None:
        rows = [row for row in rows if function in row.functions]
    if as_json:
        write_json(
            {
                "id": row.id,
                "address": row.address,
                "connection": row.descriptor,
                "functions": row.functions,
            }
            for row in rows
        )
        return
    cells = (
        [row.id, row.address, str(row.descriptor), " ".join(row.functions)]
        for row in rows
    )
    write_table(_COLUMNS, cells)
