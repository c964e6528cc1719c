"""``geartrain dead``: dead letters of a running job server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from geartrain.admin import Admin, JobRow
from geartrain.cli.bulk import JobOutcome, Selection, confirmed, steer, write_changes
from geartrain.cli.columns import AGE, COUNT, MOMENT, NAME, PROSE, TEXT, Column
from geartrain.cli.common import (
    CONTEXT,
    json_option,
    server_option,
    workload_option,
)
from geartrain.cli.details import job_object, write_jobs
from geartrain.cli.listing import RowListing, View, clock, listing_options
from geartrain.cli.times import duration
from geartrain.errors import UnknownJobError
from geartrain.texts import error_line
from geartrain.transport.connect import Connector

__all__ = ["dead"]

_DEAD: RowListing[JobRow] = RowListing(
    columns=(
        Column("HANDLE", lambda row: row.handle, NAME),
        Column("FUNCTION", lambda row: row.function, NAME),
        Column("UNIQUE", lambda row: row.unique, TEXT),
        Column("DIED", lambda row: row.died, MOMENT, worth=0),
        Column("AGE", lambda row: row.died, AGE, worth=2),
        Column("REASON", lambda row: row.reason, worth=2),
        Column("FAILED", lambda row: row.attempts, COUNT),
        Column("LOST", lambda row: row.crashes, COUNT, worth=0),
        Column("SIZE", lambda row: row.size, COUNT, worth=0),
        Column("ERROR", lambda row: error_line(row.error or "") or None, PROSE),
        Column("NODE", lambda row: row.node, NAME, is_rare=True),
    ),
    to_json=job_object,
    nothing="there are no dead letters",
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
@listing_options("Only those of this function, or of those that match a glob.")
def dead_list(view: View) -> None:
    """List dead letters.

    AGE is how long ago the job died. FAILED counts attempts that failed, LOST attempts
    whose worker was lost.
    """
    view.show(
        _DEAD,
        lambda admin, ask: admin.dead_list(function=ask.function, limit=ask.limit),
    )


@dead.command("show", short_help="Show a dead letter.", context_settings=CONTEXT)
@click.argument("handle")
@workload_option
@json_option
@server_option
def dead_show(handle: str, server: Connector, workload: bool, as_json: bool) -> None:
    """Show one dead letter with its workload, last error and last worker."""
    with Admin(server) as admin:
        row = admin.dead_show(handle)
        now, _ = clock(admin)
    write_jobs([row], now, workload=workload, as_json=as_json)


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
                admin,
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
                admin,
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
