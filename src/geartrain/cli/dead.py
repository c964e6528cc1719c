"""``geartrain dead``: dead letters of a running job server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from geartrain.admin import Admin, JobRow
from geartrain.cli.bulk import JobOutcome, Selection, confirmed, steer, write_changes
from geartrain.cli.common import (
    CONTEXT,
    json_option,
    limit_option,
    server_option,
    workload_option,
)
from geartrain.cli.details import job_object, write_jobs
from geartrain.cli.tables import Column, write_list
from geartrain.cli.times import age_since, brief, duration
from geartrain.errors import UnknownJobError
from geartrain.texts import error_line
from geartrain.transport.connect import Connector

__all__ = ["dead"]

_COLUMNS: tuple[Column[JobRow], ...] = (
    Column("HANDLE", lambda row: row.handle),
    Column("FUNCTION", lambda row: row.function, is_elastic=True),
    Column("UNIQUE", lambda row: row.unique, is_elastic=True),
    Column(
        "DIED",
        lambda row: None if row.died is None else brief(row.died),
        is_minor=True,
    ),
    Column("AGE", lambda row: age_since(row.died), is_number=True),
    Column("REASON", lambda row: row.reason),
    Column("FAILED", lambda row: row.attempts, is_number=True),
    Column("LOST", lambda row: row.crashes, is_number=True, is_minor=True),
    Column("SIZE", lambda row: row.size, is_number=True, is_minor=True),
    Column(
        "ERROR",
        lambda row: error_line(row.error or "") or None,
        is_elastic=True,
        least=20,
    ),
)

_handles = click.argument("handles", nargs=-1, metavar="[HANDLE...]")
_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")

_reason = click.option(
    "--reason",
    type=click.Choice(["fail", "exception", "timeout", "crash", "retry"]),
    help="All that died for this reason.",
)
_error = click.option("--error", metavar="TEXT", help="All with this in their error.")


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
@click.option("--function", metavar="F", help="Only those of this function.")
@limit_option
@json_option
@server_option
def dead_list(
    server: Connector, function: str | None, limit: int | None, as_json: bool
) -> None:
    """List dead letters.

    FAILED counts attempts that failed, LOST attempts whose worker was lost.
    """
    with Admin(server) as admin:
        found = admin.dead_list(function=function, limit=limit)
        write_list(found, _COLUMNS, job_object, as_json)


@dead.command("show", short_help="Show a dead letter.", context_settings=CONTEXT)
@click.argument("handle")
@workload_option
@json_option
@server_option
def dead_show(handle: str, server: Connector, workload: bool, as_json: bool) -> None:
    """Show one dead letter with its workload, last error and last worker."""
    with Admin(server) as admin:
        row = admin.dead_show(handle)
    write_jobs([row], workload, as_json)


@dead.command("retry", short_help="Run dead letters again.", context_settings=CONTEXT)
@_handles
@click.option("--function", metavar="F", help="All dead letters of this function.")
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@_reason
@_error
@_yes
@json_option
@server_option
def dead_retry(
    handles: tuple[str, ...],
    server: Connector,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> int:
    """Run dead letters again, as new jobs with the same handle.

    The exit status is 1 if one of the handles is unknown.
    """
    selection = Selection(handles, **chosen)
    filters = selection.filters()
    with Admin(server) as admin:
        if filters is not None and not as_json:
            steer(
                lambda count: admin.dead_retry_all(**filters, count=count),
                f"Run {{}} {selection} again?",
                "retried",
                yes,
                as_json,
            )
            return 0
        found = confirmed(selection, admin, "Run {} again?", yes)
        changes = _changes(admin.dead_retry_each(found))
        return write_changes("dead retry", "retried", changes, as_json)


@dead.command("drop", short_help="Delete dead letters.", context_settings=CONTEXT)
@_handles
@click.option("--function", metavar="F", help="All dead letters of this function.")
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@click.option(
    "--older-than",
    type=duration,
    metavar="AGE",
    help="All that died longer ago than 45s, 30m, 12h, 7d or 2w.",
)
@_reason
@_error
@_yes
@json_option
@server_option
def dead_drop(
    handles: tuple[str, ...],
    server: Connector,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> int:
    """Delete dead letters, workloads included.

    --function and --older-than may be combined. The exit status is 1 if one of the
    handles is unknown.
    """
    selection = Selection(handles, **chosen)
    filters = selection.filters()
    with Admin(server) as admin:
        if filters is not None and not as_json:
            steer(
                lambda count: admin.dead_drop_all(**filters, count=count),
                f"Delete {{}} {selection}?",
                "dropped",
                yes,
                as_json,
            )
            return 0
        found = confirmed(selection, admin, "Delete {}?", yes)
        changes = _changes(admin.dead_drop_each(found))
        return write_changes("dead drop", "dropped", changes, as_json)


def _changes(done: Iterable[tuple[str, bool]]) -> Iterator[JobOutcome]:
    for handle, was_known in done:
        failure = "" if was_known else str(UnknownJobError(handle, "dead letter"))
        yield JobOutcome(handle, failure)
