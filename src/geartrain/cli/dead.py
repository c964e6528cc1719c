"""``geartrain dead``: see, retry and drop dead letters of a running job server."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import click

from geartrain.admin import Admin, JobRow
from geartrain.cli.asking import CONTEXT, as_json, asked_server, workload_only
from geartrain.cli.details import job_object, write_jobs
from geartrain.cli.flags import typed
from geartrain.cli.outcomes import Outcome, write_outcomes
from geartrain.cli.output import write_json
from geartrain.cli.selection import Selection, agreed
from geartrain.cli.tables import Column, write_table
from geartrain.cli.times import age, brief, duration
from geartrain.configuration.kinds import whole
from geartrain.errors import UnknownJobError
from geartrain.transport.connect import Connector

__all__ = ["dead"]

_COLUMNS = (
    Column("HANDLE"),
    Column("FUNCTION", is_elastic=True),
    Column("UNIQUE", is_elastic=True),
    Column("DIED"),
    Column("AGE", is_number=True),
    Column("REASON"),
    Column("FAILED", is_number=True),
    Column("LOST", is_number=True),
    Column("SIZE", is_number=True),
    Column("ERROR", is_elastic=True),
)

_handles = click.argument("handles", nargs=-1, metavar="[HANDLE...]")
_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@click.group(
    short_help="See, retry and drop dead letters.",
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.pass_context
def dead(context: click.Context) -> None:
    """See, retry and drop dead letters: background jobs that failed for good."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@dead.command("list", short_help="List dead letters.", context_settings=CONTEXT)
@asked_server
@click.option("--function", metavar="F", help="Only those of this function.")
@click.option(
    "--limit",
    type=typed(whole(1)),
    metavar="N",
    help="Maximum number of rows.  [x>=1]",
)
@as_json
def dead_list(
    server: Connector, function: str | None, limit: int | None, as_json: bool
) -> None:
    """List dead letters.

    FAILED counts attempts that failed, LOST those whose worker was lost.
    """
    with Admin(server) as admin:
        found = admin.dead_list(function=function, limit=limit)
        if as_json:
            write_json(map(job_object, found))
        else:
            write_table(_COLUMNS, _cells(found, time.time()))


@dead.command("show", short_help="Show a dead letter.", context_settings=CONTEXT)
@click.argument("handle")
@asked_server
@workload_only
@as_json
def dead_show(handle: str, server: Connector, workload: bool, as_json: bool) -> None:
    """Show all about one dead letter: its workload, its last error, its worker."""
    with Admin(server) as admin:
        row = admin.dead_show(handle)
    write_jobs([row], workload, as_json)


@dead.command("retry", short_help="Run dead letters again.", context_settings=CONTEXT)
@_handles
@asked_server
@click.option("--function", metavar="F", help="All of this function.")
@click.option("--all", "everything", is_flag=True, help="All there are.")
@_yes
@as_json
def dead_retry(
    handles: tuple[str, ...],
    server: Connector,
    function: str | None,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Run dead letters again, as new jobs with the same handle.

    The exit status is 1 if one of the handles is unknown.
    """
    selection = Selection(handles, function, everything)
    with Admin(server) as admin:
        chosen = agreed(selection, admin, "Run {} again?", yes)
        outcomes = _outcomes(admin.dead_retry_each(chosen))
        return write_outcomes("dead retry", "retried", outcomes, as_json)


@dead.command("drop", short_help="Delete dead letters.", context_settings=CONTEXT)
@_handles
@asked_server
@click.option("--function", metavar="F", help="All of this function.")
@click.option("--all", "everything", is_flag=True, help="All there are.")
@click.option(
    "--older-than",
    type=duration,
    metavar="AGE",
    help="All that died longer ago than this: 45s, 30m, 12h, 7d or 2w.",
)
@_yes
@as_json
def dead_drop(
    handles: tuple[str, ...],
    server: Connector,
    function: str | None,
    everything: bool,
    older_than: float | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Delete dead letters, workloads included.

    With both --function and --older-than, those of the function that are older. The
    exit status is 1 if one of the handles is unknown.
    """
    selection = Selection(handles, function, everything, older_than)
    with Admin(server) as admin:
        chosen = agreed(selection, admin, "Delete {}?", yes)
        outcomes = _outcomes(admin.dead_drop_each(chosen))
        return write_outcomes("dead drop", "dropped", outcomes, as_json)


def _cells(rows: Iterable[JobRow], now: float) -> Iterator[list[str]]:
    for row in rows:
        yield [
            row.handle,
            row.function,
            row.unique,
            "-" if row.died is None else brief(row.died),
            "-" if row.died is None else age(now - row.died),
            row.reason or "-",
            str(row.attempts),
            str(row.crashes),
            str(row.size),
            row.error or "-",
        ]


def _outcomes(done: Iterable[tuple[str, bool]]) -> Iterator[Outcome]:
    for handle, was_there in done:
        reason = "" if was_there else str(UnknownJobError(handle, "dead letter"))
        yield Outcome(handle, reason)
