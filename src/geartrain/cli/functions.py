"""``geartrain functions``: the functions of a running job server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import click

from geartrain.admin import Admin
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.output import warn_of_unread
from geartrain.cli.tables import Column, write_list
from geartrain.cli.watch import repeat, watch_option
from geartrain.transport.connect import Connector

__all__ = ["functions"]

_COLUMNS: tuple[Column[dict[str, Any]], ...] = (
    Column("FUNCTION", itemgetter("function"), is_elastic=True),
    Column("WORKERS", itemgetter("workers"), is_number=True),
    Column("JOBS", itemgetter("jobs"), is_number=True),
    Column(
        "SERVED BY",
        lambda row: ", ".join(row["served_by"]) or None,
        is_elastic=True,
    ),
)


@click.command(short_help="List the functions.", context_settings=CONTEXT)
@watch_option
@json_option
@server_option
def functions(server: Connector, watch: float | None, as_json: bool) -> None:
    """List the functions that have workers or jobs, or had some, and who serves them.

    JOBS counts waiting and running jobs.
    """
    with Admin(server) as admin:
        repeat(
            lambda: write_list(list(_objects(admin)), _COLUMNS, dict, as_json), watch
        )


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
