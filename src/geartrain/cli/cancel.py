"""``geartrain cancel``: cancel jobs of a running job server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from geartrain.admin import Admin
from geartrain.cli.bulk import JobOutcome, steer, write_changes
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.conditions import condition_options
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
@condition_options
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@server_option
def cancel(
    names: tuple[str, ...],
    server: Connector,
    cancels_all: bool,
    yes: bool,
    as_json: bool,
    **conditions: Any,
) -> int:
    """Cancel jobs that wait or run, and recurring jobs by their handle.

    The result of a running job is refused, and its client is told that the job failed.
    Options that say which jobs are meant may be combined: all have to hold. The exit
    status is 1 if one of the names is unknown.
    """
    given = {name: value for name, value in conditions.items() if value is not None}
    if bool(names) == bool(given):
        raise OptionError(
            "say which jobs: by handles or uniques, or by --function, --state or"
            " another condition"
        )
    with Admin(server) as admin:
        if given:
            steer(
                admin,
                lambda count: admin.cancel_all(**conditions, count=count),
                _question(given),
                "cancelled",
                yes,
                as_json,
            )
            return 0
        changes = (
            change for name in names for change in _cancel(admin, name, cancels_all)
        )
        return write_changes("cancel", "cancelled", changes, as_json)


def _question(given: Mapping[str, Any]) -> str:
    """Return what is asked, with ``{}`` for the number of jobs."""
    others = {**given}
    state = others.pop("state", "waiting and running")
    function = others.pop("function", "*")
    of = "" if function == "*" else f" of {visible(function)}"
    like = ", ".join(f"{name} {visible(str(each))}" for name, each in others.items())
    said = f"Cancel @ {state} jobs{of}{' with ' if like else ''}{like}?"
    return said.replace("{", "{{").replace("}", "}}").replace("@", "{}", 1)


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
