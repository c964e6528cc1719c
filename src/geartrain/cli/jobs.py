"""``geartrain jobs``: the jobs of a running job server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from geartrain.admin import JobRow
from geartrain.cli.columns import AGE, COUNT, NAME, TEXT, WORKER, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.conditions import condition_options
from geartrain.cli.details import job_object
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["jobs"]

_JOBS: RowListing[JobRow] = RowListing(
    columns=(
        Column("HANDLE", lambda row: row.handle, NAME),
        Column("FUNCTION", lambda row: row.function, NAME),
        Column("STATE", lambda row: row.state, worth=2),
        Column("PRIORITY", lambda row: row.priority, worth=0),
        Column("UNIQUE", lambda row: row.unique, TEXT),
        Column("AGE", lambda row: row.submitted, AGE, worth=2),
        Column("WHEN", lambda row: _when(row), AGE),
        Column("FAILED", lambda row: row.attempts + row.crashes, COUNT),
        Column("SIZE", lambda row: row.size, COUNT, worth=0),
        Column("WORKER", lambda row: row.worker, WORKER),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=job_object,
    nothing="no jobs wait or run",
)

_STATES = [
    *("ready", "running", "scheduled", "dead", "succeeded", "failed", "expired"),
    *("cancelled", "abandoned", "dropped", "ended", "all"),
]


@click.command(short_help="List and search jobs.", context_settings=CONTEXT)
@click.option(
    "--state",
    type=click.Choice(_STATES),
    help="Only jobs in this state; ended is any way to end, all any state.",
)
@condition_options
@listing_options("Only jobs of this function, or of those that match a glob.")
def jobs(view: View, **conditions: Any) -> None:
    """List jobs that wait or run, or with --state any that are known.

    Ready jobs run as soon as a worker is free, scheduled ones when they are due. WHEN
    shows in how long a scheduled job is due, or for how long a job has been running.
    FAILED counts attempts that failed and workers that were lost.
    """
    is_any = any(value is not None for value in conditions.values())
    view.show(
        replace(_JOBS, nothing="there is no such job") if is_any else _JOBS,
        lambda admin, ask: admin.jobs(
            function=ask.function, limit=ask.limit, **conditions
        ),
    )


def _when(row: JobRow) -> float | None:
    """Return when a running job was started, or a scheduled one is due."""
    return {"running": row.started, "scheduled": row.due}.get(row.state)
