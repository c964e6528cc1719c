"""``geartrain history``: what became of the jobs of a running job server."""

from __future__ import annotations

from typing import Any

import click

from geartrain.admin import JobRow
from geartrain.cli.columns import (
    COUNT,
    MOMENT,
    NAME,
    PROSE,
    SECONDS,
    TEXT,
    WORKER,
    Column,
)
from geartrain.cli.common import CONTEXT
from geartrain.cli.details import job_object
from geartrain.cli.listing import RowListing, View, listing_options
from geartrain.texts import error_line

__all__ = ["history"]

_STATES = (
    *("succeeded", "failed", "dead", "expired", "cancelled", "abandoned"),
    "dropped",
)
# Rows where no limit is given: the latest are what people look for.
_LIMIT = 100


@click.command(short_help="Show what became of jobs.", context_settings=CONTEXT)
@click.option("--state", type=click.Choice(_STATES), help="Only jobs that ended so.")
@click.option("--unique", metavar="U", help="Only jobs with this unique.")
@click.option("--error", metavar="TEXT", help="Only jobs whose error has this text.")
@listing_options("Only jobs of this function, or of those that match a glob.")
def history(view: View, **filters: Any) -> None:
    """Show the jobs that have ended, the latest first; a hundred unless told otherwise.

    RAN is how long the last attempt ran, and FAILED counts the attempts that failed
    before. The job server forgets jobs after an hour, or what their policy `history`
    says: beyond an hour they are in the job store, else in memory, and go earlier if
    there are too many for --max-history. `geartrain job HANDLE` shows everything about
    one.
    """
    view.show(
        _HISTORY,
        lambda admin, ask: admin.history(
            function=ask.function, limit=ask.limit, **filters
        ),
    )


def _waited(row: JobRow) -> float | None:
    """Return how long a job waited for its first attempt."""
    if row.submitted is None or not row.story or row.story[0].started is None:
        return None
    return max(row.story[0].started - row.submitted, 0.0)


def _ran(row: JobRow) -> float | None:
    """Return how long the last attempt ran."""
    if not row.story:
        return None
    last = row.story[-1]
    if last.started is None or last.ended is None:
        return None
    return max(last.ended - last.started, 0.0)


_HISTORY: RowListing[JobRow] = RowListing(
    columns=(
        Column("ENDED", lambda row: row.ended, MOMENT),
        Column("HANDLE", lambda row: row.handle, NAME),
        Column("FUNCTION", lambda row: row.function, NAME),
        Column("STATE", lambda row: row.status, worth=2),
        Column("UNIQUE", lambda row: row.unique, TEXT, worth=0),
        Column("WAITED", _waited, SECONDS),
        Column("RAN", _ran, SECONDS),
        Column("FAILED", lambda row: row.attempts + row.crashes, COUNT),
        Column("WORKER", lambda row: row.worker, WORKER, worth=0),
        Column("ERROR", lambda row: error_line(row.error or "") or None, PROSE),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=job_object,
    nothing="the job server remembers no job that has ended",
    limit=_LIMIT,
)
