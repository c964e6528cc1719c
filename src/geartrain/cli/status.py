"""``geartrain status``: what a running job server has to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from geartrain.admin import Admin, FunctionRow
from geartrain.cli.asking import CONTEXT, as_json, asked_server
from geartrain.cli.output import warn_of_unread, write_json, write_lines
from geartrain.cli.tables import Column, write_table
from geartrain.cli.watching import repeat, watched
from geartrain.errors import RefusedError
from geartrain.transport.connect import Connector

__all__ = ["deaths", "status"]

_COLUMNS = (
    Column("FUNCTION", is_elastic=True),
    Column("HIGH", is_number=True),
    Column("NORMAL", is_number=True),
    Column("LOW", is_number=True),
    Column("RUNNING", is_number=True),
    Column("WORKERS", is_number=True),
    Column("DIED", is_number=True),
)


@click.command(
    short_help="Show each function's jobs and workers.", context_settings=CONTEXT
)
@asked_server
@watched
@as_json
def status(server: Connector, watch: float | None, as_json: bool) -> None:
    """Show, for each function, how many jobs wait and run, and how many serve it.

    Waiting jobs are counted by priority, delayed ones included. DIED counts those that
    became dead letters since the job server started.
    """
    with Admin(server) as admin:
        repeat(lambda: _show(admin, str(server), as_json), watch)


def deaths(admin: Admin) -> dict[str, int]:
    """Return how many jobs of each function died; nothing if that is not told."""
    try:
        return {
            row.function: row.counts.get("dead", 0)
            for row in admin.counters()
            if not row.forgotten
        }
    except RefusedError:
        return {}


def _show(admin: Admin, server: str, as_json: bool) -> None:
    rows = admin.functions()
    warn_of_unread("status", admin.unread)
    died = deaths(admin)
    if as_json:
        write_json(_object(row, died.get(row.function, 0)) for row in rows)
        return
    write_lines([f"job server {admin.version()} on {server}", ""])
    write_table(_COLUMNS, _cells(rows, died))


def _object(row: FunctionRow, died: int) -> dict[str, Any]:
    return {
        "function": row.function,
        "high": row.high,
        "normal": row.normal,
        "low": row.low,
        "running": row.running,
        "workers": row.workers,
        "died": died,
    }


def _cells(rows: list[FunctionRow], died: dict[str, int]) -> Iterator[list[str]]:
    totals = [0] * 6
    for row in rows:
        counts = [row.high, row.normal, row.low, row.running, row.workers]
        counts.append(died.get(row.function, 0))
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        yield [row.function, *map(str, counts)]
    # A worker that serves several functions is one in each of their rows.
    yield ["TOTAL", *map(str, totals[:4]), "", str(totals[5])]
