"""``geartrain functions``: what a running job server's workers can be asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import click

from geartrain.admin import Admin
from geartrain.cli.asking import CONTEXT, as_json, asked_server
from geartrain.cli.output import warn_of_unread, write_json
from geartrain.cli.tables import Column, write_table
from geartrain.cli.watching import repeat, watched
from geartrain.transport.connect import Connector

__all__ = ["functions"]

_COLUMNS = (
    Column("FUNCTION", is_elastic=True),
    Column("WORKERS", is_number=True),
    Column("JOBS", is_number=True),
    Column("SERVED BY", is_elastic=True),
)


@click.command(short_help="List the functions.", context_settings=CONTEXT)
@asked_server
@watched
@as_json
def functions(server: Connector, watch: float | None, as_json: bool) -> None:
    """List the functions that have workers or jobs, or had some, and who serves them.

    JOBS counts those that wait and those that run.
    """
    with Admin(server) as admin:
        repeat(lambda: _show(admin, as_json), watch)


def _show(admin: Admin, as_json: bool) -> None:
    found = list(_objects(admin))
    if as_json:
        write_json(found)
        return
    cells = (
        [
            each["function"],
            str(each["workers"]),
            str(each["jobs"]),
            ", ".join(each["served_by"]) or "-",
        ]
        for each in found
    )
    write_table(_COLUMNS, cells)


def _objects(admin: Admin) -> Iterator[dict[str, Any]]:
    workers = admin.workers()
    warn_of_unread("functions", admin.unread)
    serving = defaultdict(list)
    for worker in workers:
        name = worker.address if worker.id == "-" else f"{worker.id} {worker.address}"
        for function in worker.functions:
            serving[function].append(name)
    rows = admin.functions()
    warn_of_unread("functions", admin.unread)
    for row in sorted(rows, key=lambda row: row.function):
        yield {
            "function": row.function,
            "workers": row.workers,
            "jobs": row.waiting + row.running,
            "served_by": serving[row.function],
        }
