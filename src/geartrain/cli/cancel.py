"""``geartrain cancel``: cancel jobs of a running job server."""

from __future__ import annotations

from collections.abc import Iterator

import click

from geartrain.admin import Admin
from geartrain.cli.bulk import JobOutcome, steer, write_changes
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.details import named
from geartrain.errors import OptionError, UnknownJobError
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["cancel"]


@click.command(short_help="Cancel jobs.", context_settings=CONTEXT)
@click.argument("names", nargs=-1, metavar="[HANDLE|UNIQUE...]")
@click.option(
    "--all",
    "cancels_all",
    is_flag=True,
    help="Cancel the jobs of all functions that have one with a given unique.",
)
@click.option("--function", metavar="F", help="All jobs of this function; '*' is any.")
@click.option(
    "--state",
    type=click.Choice(["ready", "running", "scheduled"]),
    help="All jobs in this state.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@server_option
def cancel(
    names: tuple[str, ...],
    server: Connector,
    cancels_all: bool,
    function: str | None,
    state: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Cancel jobs that wait or run, and recurring jobs by their handle.

    The result of a running job is refused, and its client is told that the job failed.
    --function and --state may be combined. The exit status is 1 if one of the names is
    unknown.
    """
    is_many = function is not None or state is not None
    if bool(names) == is_many:
        raise OptionError(
            "say which jobs: by handles or uniques, or by --function or --state"
        )
    with Admin(server) as admin:
        if is_many:
            of = "" if function in (None, "*") else f" of {visible(function or '')}"
            steer(
                lambda count: admin.cancel_all(
                    function=function, state=state, count=count
                ),
                f"Cancel {{}} {state or 'waiting and running'} jobs{of}?",
                "cancelled",
                yes,
                as_json,
            )
            return 0
        changes = (
            change for name in names for change in _cancel(admin, name, cancels_all)
        )
        return write_changes("cancel", "cancelled", changes, as_json)


def _cancel(admin: Admin, name: str, cancels_all: bool) -> Iterator[JobOutcome]:
    """Cancel the job with a handle, or else those with a unique."""
    outcome = _cancel_one(admin, name)
    rows = list(admin.jobs(unique=name)) if outcome.failure and name else []
    if len(rows) > 1 and not cancels_all:
        names = named(rows)
        yield JobOutcome(
            name, f"{name!r} is the unique of {names}: name one handle, or use --all"
        )
    elif rows:
        yield from (_cancel_one(admin, row.handle) for row in rows)
    else:
        yield outcome


def _cancel_one(admin: Admin, handle: str) -> JobOutcome:
    try:
        admin.cancel(handle)
    except UnknownJobError as error:
        return JobOutcome(handle, str(error))
    return JobOutcome(handle)
