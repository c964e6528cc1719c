"""``geartrain why``: why a job does not run."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import Admin
from geartrain.admin.reasons import WhyRow
from geartrain.admin.results import UNENDED
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.output import write_json, write_lines
from geartrain.cli.program import complain
from geartrain.errors import UnknownJobError
from geartrain.texts import quoted, visible
from geartrain.transport.connect import Connector

__all__ = ["why"]


@click.command(short_help="Say why a job does not run.", context_settings=CONTEXT)
@click.argument("name", metavar="HANDLE|UNIQUE")
@json_option
@server_option
def why(name: str, server: Connector, as_json: bool) -> int:
    """Say in a sentence why a job does not run, who runs it, or how it ended.

    A unique may be that of several jobs, of different functions: it says so of each.
    The exit status is 1 if nothing is known of the job.
    """
    with Admin(server) as admin:
        rows = _reasons(admin, name)
        if rows[0].state == "unknown" and any(admin.jobs(limit=1, function=name)):
            lists = f"geartrain jobs --function {name} lists its jobs"
            complain("geartrain", f"{quoted(name)} is a function: {lists}")
    if as_json:
        write_json([dataclasses.asdict(row) for row in rows])
    else:
        write_lines([visible(_sentence(row)) for row in rows])
    return 1 if rows[0].state == "unknown" else 0


def _reasons(admin: Admin, name: str) -> list[WhyRow]:
    """Return what is said of the job with this handle, or of those with this unique."""
    row = admin.why(name)
    if row.state != "unknown":
        return [row]
    try:
        return [admin.why(job.handle) for job in admin.job(name)]
    except UnknownJobError:
        return [dataclasses.replace(row, handle=name)]


def _sentence(row: WhyRow) -> str:
    is_open = row.state in (*UNENDED, "unknown")
    return f"{row.handle}{f' is {row.state}' if is_open else ''}: {row.why}"
