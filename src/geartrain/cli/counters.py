"""``geartrain counters``: what has become of the jobs of a running job server."""

from __future__ import annotations

import click

from geartrain.admin import Admin, CounterRow
from geartrain.cli.asking import CONTEXT, as_json, asked_server
from geartrain.cli.output import write_json
from geartrain.cli.tables import Column, write_table
from geartrain.transport.connect import Connector

__all__ = ["counters"]


@click.command(
    short_help="Show job counters by function and outcome.", context_settings=CONTEXT
)
@asked_server
@as_json
def counters(server: Connector, as_json: bool) -> None:
    """Count, for each function, what has become of its jobs since the server started.

    A refused result came from a worker that the job had been taken from. The last row
    sums up functions that have been forgotten because they were not used.
    """
    with Admin(server) as admin:
        rows = admin.counters()
    if as_json:
        write_json(_object(row) for row in rows)
        return
    names = list(rows[0].counts) if rows else []
    titles = [Column(name.upper(), is_number=True) for name in names]
    columns = [Column("FUNCTION", is_elastic=True), *titles]
    cells = ([_name(row), *map(str, row.counts.values())] for row in rows)
    write_table(columns, cells)


def _object(row: CounterRow) -> dict[str, str | int]:
    forgotten = {"forgotten": row.forgotten} if row.forgotten else {}
    return {"function": row.function, **forgotten, **row.counts}


def _name(row: CounterRow) -> str:
    return f"({row.forgotten} forgotten)" if row.forgotten else row.function
