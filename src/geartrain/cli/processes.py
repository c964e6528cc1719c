"""``geartrain processes``: the processes of ``geartrain worker``, wherever they run."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import ProcessRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, SIZE, TEXT, Column
from geartrain.cli.common import CONTEXT
from geartrain.cli.listing import RowListing, View, listing_options

__all__ = ["processes"]

_PROCESSES: RowListing[ProcessRow] = RowListing(
    columns=(
        Column("HOST", lambda row: row.host, NAME),
        Column("TARGET", lambda row: row.target, TEXT, worth=2),
        Column("PID", lambda row: row.pid, COUNT),
        Column("STATE", lambda row: row.state, worth=2),
        Column("SINCE", lambda row: row.since, AGE),
        Column("MEMORY", lambda row: row.memory, SIZE),
        Column("RESTARTS", lambda row: row.restarts, COUNT, worth=2),
        Column("RUNNING", lambda row: row.running, COUNT),
        Column("DONE", lambda row: row.succeeded, COUNT, worth=0),
        Column("FAILED", lambda row: row.failed, COUNT, worth=0),
        Column("LAST END", lambda row: row.ended, PROSE),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=dataclasses.asdict,
    nothing="no geartrain worker tells of its processes",
)


@click.command(short_help="List the worker processes.", context_settings=CONTEXT)
@listing_options()
def processes(view: View) -> None:
    """List the processes of each geartrain worker that is connected.

    RESTARTS counts how often another process has taken the place of one that ended, and
    LAST END says how the last of them did. A process that is waiting is started again
    after a pause, because the one before it crashed.
    """
    view.show(_PROCESSES, lambda admin, ask: admin.processes())
