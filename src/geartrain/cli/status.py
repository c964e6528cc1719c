"""``geartrain status``: the load of a running job server, function by function."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import click

from geartrain.admin import Admin
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.output import warn_of_unread, write_json, write_lines
from geartrain.cli.tables import Column, write_table
from geartrain.cli.watch import repeat, watch_option
from geartrain.errors import RefusedError
from geartrain.transport.connect import Connector

__all__ = ["deaths", "status"]

_COUNTS = ("high", "normal", "low", "running", "workers", "died")
_COLUMNS = (
    Column("FUNCTION", itemgetter("function"), is_elastic=True),
    *(Column(name.upper(), itemgetter(name), is_number=True) for name in _COUNTS),
    Column("STATE", lambda row: _state(row)),
)


@click.command(
    short_help="Show each function's jobs and workers.", context_settings=CONTEXT
)
@watch_option
@json_option
@server_option
def status(server: Connector, watch: float | None, as_json: bool) -> None:
    """Show how many jobs of each function wait and run, and how many workers serve it.

    Waiting jobs are counted by priority, delayed ones included. DIED counts the jobs
    that became dead letters since the job server started. STATE is "paused" where
    no job is given to workers, and "draining" where no new one is taken.
    """
    with Admin(server) as admin:
        repeat(lambda: _show(admin, str(server), as_json), watch)


def deaths(admin: Admin) -> dict[str, int]:
    """Return how many jobs of each function died; empty if the server cannot tell."""
    try:
        return {
            row.function: row.counts.get("dead", 0)
            for row in admin.counters()
            if not row.forgotten
        }
    except RefusedError:
        return {}


def _state(row: Any) -> str:
    """Return whether a function is paused, draining or both."""
    return ", ".join(name for name in ("paused", "draining") if row.get(name))


def _show(admin: Admin, server: str, as_json: bool) -> None:
    rows = admin.functions()
    warn_of_unread("status", admin.unread)
    died = deaths(admin)
    objects = [
        {**dataclasses.asdict(row), "died": died.get(row.function, 0)} for row in rows
    ]
    if as_json:
        write_json(objects)
        return
    write_lines([f"job server {admin.version()} on {server}", ""])
    write_table(_COLUMNS, _with_total(objects))


def _with_total(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from objects
    total = {name: sum(each[name] for each in objects) for name in _COUNTS}
    # A worker that serves several functions is counted in each of their rows.
    yield {"function": "TOTAL", **total, "workers": ""}
