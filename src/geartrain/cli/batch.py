"""``geartrain batch``: jobs that were submitted under one name."""

from __future__ import annotations

import dataclasses
import time
from typing import Final

import click

from geartrain.admin import Admin
from geartrain.admin.batches import BatchRow
from geartrain.cli.columns import AGE, COUNT, NAME, Column
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.listing import RowListing, View, listing_options
from geartrain.cli.output import write_json, write_lines
from geartrain.texts import counted, visible
from geartrain.transport.connect import Connector

__all__ = ["batch"]

_BATCHES: RowListing[BatchRow] = RowListing(
    columns=(
        Column("BATCH", lambda row: row.name, NAME),
        Column("TOTAL", lambda row: row.total, COUNT, worth=2),
        Column("LEFT", lambda row: row.left, COUNT, worth=2),
        Column("SUCCEEDED", lambda row: row.succeeded, COUNT),
        Column("FAILED", lambda row: row.failed, COUNT, worth=2),
        Column("DEAD", lambda row: row.dead, COUNT, worth=2),
        Column("BEGAN", lambda row: row.began, AGE),
    ),
    to_json=dataclasses.asdict,
    nothing="there are no batches",
    limit=100,
)
_name = click.argument("name", metavar="BATCH")

# Seconds between two looks at a batch.
_PAUSE: Final = 0.5
_BAR: Final = 40


@click.group(
    short_help="See, cancel and retry jobs that were submitted under one name.",
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.pass_context
def batch(context: click.Context) -> None:
    """See, cancel and retry jobs that were submitted under one name."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@batch.command("list", short_help="List batches.", context_settings=CONTEXT)
@listing_options()
def batch_list(view: View) -> None:
    """List batches, the latest first.

    LEFT is how many jobs have yet to end, DEAD how many are dead letters, FAILED how
    many others have ended badly.
    """
    view.show(_BATCHES, lambda admin, ask: admin.batches(limit=ask.limit))


@batch.command("show", short_help="Show how far a batch is.", context_settings=CONTEXT)
@_name
@click.option("--wait", "waits", is_flag=True, help="Show it until nothing is left.")
@json_option
@server_option
def batch_show(name: str, server: Connector, waits: bool, as_json: bool) -> int:
    """Show how far a batch is; with --wait until nothing of it is left.

    The exit status is 1 if a job has failed.
    """
    with Admin(server) as admin:
        row = admin.batch(name)
        while waits and row.left:
            if not as_json:
                click.echo(f"\r{_bar(row)}", nl=False, err=True)
            time.sleep(_PAUSE)
            row = admin.batch(name)
    if waits and not as_json:
        click.echo(f"\r{_bar(row)}", err=True)
    if as_json:
        write_json([dataclasses.asdict(row)])
    else:
        write_lines([visible(_sentence(row))])
    return 1 if row.failed or row.dead else 0


def _bar(row: BatchRow) -> str:
    done = row.total - row.left
    full = _BAR * done // (row.total or 1)
    return f"[{'#' * full}{' ' * (_BAR - full)}] {done:,} of {row.total:,}"


def _sentence(row: BatchRow) -> str:
    said = (
        f"{row.name}: {row.total - row.left} of {counted(row.total, 'job')} ended,"
        f" {row.succeeded} of them well"
    )
    if row.dead:
        letters = counted(row.dead, "dead letter")
        said += f"; {letters}: geartrain batch retry {row.name}"
    if row.blocked:
        said += f"; {row.blocked} wait for others"
    if row.waiting:
        verb = "waits" if len(row.waiting) == 1 else "wait"
        said += f"; {', '.join(row.waiting)} {verb} for it"
    return said


@batch.command(
    "cancel", short_help="Cancel what is left of a batch.", context_settings=CONTEXT
)
@_name
@server_option
def batch_cancel(name: str, server: Connector) -> None:
    """Cancel all jobs of a batch that have not ended."""
    with Admin(server) as admin:
        count = admin.cancel_all(batch=name)
    write_lines([f"cancelled {counted(count, 'job')}"])


@batch.command(
    "retry", short_help="Retry the dead letters of a batch.", context_settings=CONTEXT
)
@_name
@server_option
def batch_retry(name: str, server: Connector) -> None:
    """Run all jobs of a batch again that are dead letters."""
    with Admin(server) as admin:
        count = admin.dead_retry_all(batch=name)
    write_lines([f"retried {counted(count, 'dead letter')}"])
