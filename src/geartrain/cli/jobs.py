"""``geartrain jobs``: list the jobs of a running job server."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import click

from geartrain.admin import Admin, JobRow
from geartrain.cli.asking import CONTEXT, as_json, asked_server
from geartrain.cli.details import job_object
from geartrain.cli.flags import typed
from geartrain.cli.output import write_json
from geartrain.cli.tables import Column, write_table
from geartrain.cli.times import age, brief
from geartrain.configuration.kinds import whole
from geartrain.transport.connect import Connector

__all__ = ["jobs"]

_COLUMNS = (
    Column("HANDLE"),
    Column("FUNCTION", is_elastic=True),
    Column("STATE"),
    Column("PRIORITY"),
    Column("UNIQUE", is_elastic=True),
    Column("AGE", is_number=True),
    Column("WHEN"),
    Column("FAILED", is_number=True),
    Column("SIZE", is_number=True),
    Column("WORKER", is_elastic=True),
)


@click.command(short_help="List jobs that wait or run.", context_settings=CONTEXT)
@asked_server
@click.option("--function", metavar="F", help="Only jobs of this function.")
@click.option(
    "--state",
    type=click.Choice(["ready", "running", "scheduled"]),
    help="Only jobs in this state.",
)
@click.option("--unique", metavar="U", help="Only jobs with this unique.")
@click.option(
    "--limit",
    type=typed(whole(1)),
    metavar="N",
    help="Maximum number of rows.  [x>=1]",
)
@as_json
def jobs(
    server: Connector,
    function: str | None,
    state: str | None,
    unique: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List jobs that wait or run.

    Ready jobs may run as soon as a worker is free, scheduled ones when they are due.
    WHEN is that time, or how long a running job has run. FAILED counts attempts that
    failed and workers that were lost.
    """
    with Admin(server) as admin:
        found = admin.jobs(function=function, state=state, unique=unique, limit=limit)
        if as_json:
            write_json(map(job_object, found))
        else:
            write_table(_COLUMNS, _cells(found, time.time()))


def _cells(rows: Iterable[JobRow], now: float) -> Iterator[list[str]]:
    for row in rows:
        yield [
            row.handle,
            row.function,
            row.state,
            row.priority,
            row.unique,
            "-" if row.submitted is None else age(now - row.submitted),
            _when(row),
            str(row.attempts + row.crashes),
            str(row.size),
            row.worker or "-",
        ]


def _when(row: JobRow) -> str:
    if row.state == "running" and row.started is not None:
        return f"since {brief(row.started)}"
    if row.state == "scheduled" and row.due is not None:
        return f"due {brief(row.due)}"
    return "-"
