"""``geartrain jobs``: the jobs of a running job server."""

from __future__ import annotations

import click

from geartrain.admin import Admin, JobRow
from geartrain.cli.common import CONTEXT, json_option, limit_option, server_option
from geartrain.cli.details import job_object
from geartrain.cli.tables import Column, write_list
from geartrain.cli.times import age_since, brief
from geartrain.transport.connect import Connector

__all__ = ["jobs"]

_COLUMNS: tuple[Column[JobRow], ...] = (
    Column("HANDLE", lambda row: row.handle),
    Column("FUNCTION", lambda row: row.function, is_elastic=True),
    Column("STATE", lambda row: row.state),
    Column("PRIORITY", lambda row: row.priority, is_minor=True),
    Column("UNIQUE", lambda row: row.unique, is_elastic=True),
    Column("AGE", lambda row: age_since(row.submitted), is_number=True),
    Column("WHEN", lambda row: _when(row)),
    Column("FAILED", lambda row: row.attempts + row.crashes, is_number=True),
    Column("SIZE", lambda row: row.size, is_number=True, is_minor=True),
    Column("WORKER", lambda row: row.worker, is_elastic=True),
)


@click.command(short_help="List jobs that wait or run.", context_settings=CONTEXT)
@click.option("--function", metavar="F", help="Only jobs of this function.")
@click.option(
    "--state",
    type=click.Choice(["ready", "running", "scheduled"]),
    help="Only jobs in this state.",
)
@click.option("--unique", metavar="U", help="Only jobs with this unique.")
@limit_option
@json_option
@server_option
def jobs(
    server: Connector,
    function: str | None,
    state: str | None,
    unique: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List jobs that wait or run.

    Ready jobs run as soon as a worker is free, scheduled ones when they are due. WHEN
    shows when a scheduled job is due, or since when a job has been running. FAILED
    counts attempts that failed and workers that were lost.
    """
    with Admin(server) as admin:
        found = admin.jobs(function=function, state=state, unique=unique, limit=limit)
        write_list(found, _COLUMNS, job_object, as_json)


def _when(row: JobRow) -> str | None:
    if row.state == "running" and row.started is not None:
        return f"since {brief(row.started)}"
    if row.state == "scheduled" and row.due is not None:
        return f"due {brief(row.due)}"
    return None
