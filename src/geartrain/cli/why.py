"""``geartrain why``: why a job does not run."""

from __future__ import annotations

import dataclasses

import click

from geartrain.admin import Admin
from geartrain.admin.results import UNENDED
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.output import write_json, write_lines
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["why"]


@click.command(short_help="Say why a job does not run.", context_settings=CONTEXT)
@click.argument("handle")
@json_option
@server_option
def why(handle: str, server: Connector, as_json: bool) -> int:
    """Say in a sentence why a job does not run, who runs it, or how it ended.

    The exit status is 1 if nothing is known of the job.
    """
    with Admin(server) as admin:
        row = admin.why(handle)
    if as_json:
        write_json([dataclasses.asdict(row)])
    else:
        is_open = row.state in (*UNENDED, "unknown")
        state = f" is {row.state}" if is_open else ""
        write_lines([visible(f"{row.handle}{state}: {row.why}")])
    return 1 if row.state == "unknown" else 0
