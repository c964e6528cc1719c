"""``geartrain job``: one job of a running job server."""

from __future__ import annotations

import click

from geartrain.admin import Admin
from geartrain.cli.common import CONTEXT, json_option, server_option, workload_option
from geartrain.cli.details import write_jobs
from geartrain.cli.listing import clock
from geartrain.transport.connect import Connector

__all__ = ["job"]


@click.command(short_help="Show the details of a job.", context_settings=CONTEXT)
@click.argument("name", metavar="HANDLE|UNIQUE")
@server_option
@workload_option
@json_option
def job(name: str, server: Connector, workload: bool, as_json: bool) -> None:
    """Show everything about a job, a dead letter, or a job that has ended.

    The story has a line for each attempt: when it began, how long it ran, how it ended,
    and who ran it. A unique may be that of several jobs, of different functions: all of
    them are shown.
    """
    with Admin(server) as admin:
        rows = admin.job(name)
        now, _ = clock(admin)
    write_jobs(rows, now, workload=workload, as_json=as_json)
