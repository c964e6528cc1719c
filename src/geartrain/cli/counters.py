"""``geartrain counters``: outcomes of the jobs of a running job server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import click

from geartrain.admin import Admin, CounterRow
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.tables import Column, write_list
from geartrain.transport.connect import Connector

__all__ = ["counters"]


@click.command(
    short_help="Show job counters by function and outcome.", context_settings=CONTEXT
)
@json_option
@server_option
def counters(server: Connector, as_json: bool) -> None:
    """Show how each function's jobs have ended since the job server started.

    A refused result came from a worker that the job had been taken from. The last row
    is the total of functions that the job server has forgotten because nobody used
    them.
    """
    with Admin(server) as admin:
        rows = admin.counters()
    write_list(rows, list(_columns(rows)), _object, as_json)


def _columns(rows: list[CounterRow]) -> Iterator[Column[CounterRow]]:
    yield Column("FUNCTION", _name, is_elastic=True)
    for name in rows[0].counts if rows else ():
        yield Column(name.upper(), partial(_count, name), is_number=True)


def _object(row: CounterRow) -> dict[str, str | int]:
    forgotten = {"forgotten": row.forgotten} if row.forgotten else {}
    return {"function": row.function, **forgotten, **row.counts}


def _name(row: CounterRow) -> str:
    return f"({row.forgotten} forgotten)" if row.forgotten else row.function


def _count(name: str, row: CounterRow) -> int:
    return row.counts[name]
