"""``geartrain job``: all about one job of a running job server."""

from __future__ import annotations

import click

from geartrain.admin import Admin
from geartrain.cli.asking import CONTEXT, as_json, asked_server, workload_only
from geartrain.cli.details import write_jobs
from geartrain.transport.connect import Connector

__all__ = ["job"]


@click.command(short_help="Show all about a job.", context_settings=CONTEXT)
@click.argument("name", metavar="HANDLE|UNIQUE")
@asked_server
@workload_only
@as_json
def job(name: str, server: Connector, workload: bool, as_json: bool) -> None:
    """Show all about a job that waits or runs, or a dead letter.

    Several jobs are shown where several functions have one with this unique.
    """
    with Admin(server) as admin:
        rows = admin.job(name)
    write_jobs(rows, workload, as_json)
