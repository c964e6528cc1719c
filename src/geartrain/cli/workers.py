"""``geartrain workers`` and ``connections``: who is connected to a job server."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from geartrain.admin import WorkerRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["connections", "workers"]


def _unsuccessful(row: WorkerRow) -> int | None:
    """Return how many attempts of a worker failed, timed out, or went to others."""
    if row.failed is None or row.lost is None:
        return None
    return row.failed + row.lost


_COLUMNS: tuple[Column[WorkerRow], ...] = (
    Column("ID", lambda row: row.id, NAME),
    Column("ADDRESS", lambda row: row.address, NAME),
    Column("CONNECTION", lambda row: row.descriptor, COUNT, worth=0),
    Column("RUNNING", lambda row: row.running, COUNT),
    Column("DONE", lambda row: row.succeeded, COUNT),
    Column("FAILED", _unsuccessful, COUNT),
    Column("SINCE", lambda row: row.since, AGE, worth=0),
    Column("SILENT", lambda row: row.heard, AGE, worth=0),
    Column("FUNCTIONS", lambda row: row.functions or None, PROSE, worth=2),
    Column("NODE", lambda row: row.node, NAME, is_rare=True),
)


def _object(row: WorkerRow) -> dict[str, Any]:
    values = dataclasses.asdict(row)
    return {
        "connection" if name == "descriptor" else name: value
        for name, value in values.items()
    }


_WORKERS = RowListing(
    columns=_COLUMNS, to_json=_object, nothing="no workers are connected"
)
_CONNECTIONS = RowListing(
    columns=_COLUMNS, to_json=_object, nothing="nobody is connected"
)


@click.command(short_help="List the workers.", context_settings=CONTEXT)
@listing_options("Only those that serve this function, or one that matches a glob.")
def workers(view: View) -> None:
    """List the workers that are connected, and the functions they serve.

    RUNNING counts the jobs that a worker runs, DONE those that succeeded, and FAILED
    its attempts that failed, timed out, or went to others. SINCE is how long it has
    been connected, and SILENT how long nothing of it has arrived.
    """
    view.show(_WORKERS, lambda admin, ask: admin.workers())


@click.command(short_help="List all connections.", context_settings=CONTEXT)
@listing_options("Only those that serve this function, or one that matches a glob.")
def connections(view: View) -> None:
    """List all connections: workers, and clients, which serve no function.

    The columns are those of ``geartrain workers``.
    """
    view.show(_CONNECTIONS, lambda admin, ask: admin.connections())
