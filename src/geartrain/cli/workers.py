"""``geartrain workers``: the workers of a running job server."""

from __future__ import annotations

from typing import Any

import click

from geartrain.admin import Admin, WorkerRow
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.output import warn_of_unread
from geartrain.cli.tables import Column, write_list
from geartrain.cli.watch import repeat, watch_option
from geartrain.transport.connect import Connector

__all__ = ["workers"]

_COLUMNS: tuple[Column[WorkerRow], ...] = (
    Column("ID", lambda row: row.id, is_elastic=True),
    Column("ADDRESS", lambda row: row.address),
    Column("CONNECTION", lambda row: row.descriptor, is_number=True),
    Column("FUNCTIONS", lambda row: " ".join(row.functions), is_elastic=True),
)


@click.command(short_help="List the workers.", context_settings=CONTEXT)
@click.option("--function", metavar="F", help="Only those that serve this function.")
@watch_option
@json_option
@server_option
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
    write_list(rows, _COLUMNS, _object, as_json)


def _object(row: WorkerRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "address": row.address,
        "connection": row.descriptor,
        "functions": row.functions,
    }
