"""``geartrain history``: what became of the jobs of a running job server."""

from __future__ import annotations

from typing import Any

import click

from geartrain.admin import Admin, JobRow
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.details import job_object
from geartrain.cli.flags import typed
from geartrain.cli.tables import Column, write_list
from geartrain.cli.times import brief, short
from geartrain.cli.watch import repeat, watch_option
from geartrain.configuration.kinds import whole
from geartrain.texts import error_line
from geartrain.transport.connect import Connector

__all__ = ["history"]

_STATES = ("succeeded", "failed", "dead", "expired", "cancelled", "abandoned")
# Rows where no limit is given: the latest are what people look for.
_LIMIT = 100


@click.command(short_help="Show what became of jobs.", context_settings=CONTEXT)
@click.option("--function", metavar="F", help="Only jobs of this function.")
@click.option("--state", type=click.Choice(_STATES), help="Only jobs that ended so.")
@click.option("--unique", metavar="U", help="Only jobs with this unique.")
@click.option("--error", metavar="TEXT", help="Only jobs whose error has this text.")
@click.option(
    "--limit",
    type=typed(whole(1)),
    default=_LIMIT,
    show_default=True,
    metavar="N",
    help="Maximum number of rows.",
)
@watch_option
@json_option
@server_option
def history(
    server: Connector, watch: float | None, as_json: bool, **filters: Any
) -> None:
    """Show the jobs that have ended, the latest first.

    RAN is how long the last attempt ran, and FAILED counts the attempts that failed
    before. The job server forgets jobs after an hour, or what their policy says, and
    earlier if there are too many for --max-history. `geartrain job HANDLE` shows
    everything about one.
    """
    with Admin(server) as admin:
        repeat(
            lambda: write_list(admin.history(**filters), _COLUMNS, job_object, as_json),
            watch,
        )


def _ended(row: JobRow) -> str | None:
    return None if row.ended is None else brief(row.ended)


def _waited(row: JobRow) -> str | None:
    """Return how long a job waited for its first attempt."""
    if row.submitted is None or not row.story or row.story[0].started is None:
        return None
    return short(max(row.story[0].started - row.submitted, 0.0))


def _ran(row: JobRow) -> str | None:
    """Return how long the last attempt ran."""
    if not row.story:
        return None
    last = row.story[-1]
    if last.started is None or last.ended is None:
        return None
    return short(max(last.ended - last.started, 0.0))


def _error(row: JobRow) -> str | None:
    """Return what went wrong at last."""
    return None if row.error is None else error_line(row.error)


_COLUMNS: tuple[Column[JobRow], ...] = (
    Column("ENDED", _ended),
    Column("HANDLE", lambda row: row.handle),
    Column("FUNCTION", lambda row: row.function, is_elastic=True),
    Column("STATE", lambda row: row.status),
    Column("UNIQUE", lambda row: row.unique, is_elastic=True, is_minor=True),
    Column("WAITED", _waited, is_number=True, is_minor=True),
    Column("RAN", _ran, is_number=True),
    Column(
        "FAILED",
        lambda row: row.attempts + row.crashes,
        is_number=True,
        is_minor=True,
    ),
    Column("WORKER", lambda row: row.worker, is_elastic=True, is_minor=True),
    Column("ERROR", _error, is_elastic=True, least=20),
)
