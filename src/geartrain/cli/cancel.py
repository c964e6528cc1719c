"""``geartrain cancel``: end jobs of a running job server."""

from __future__ import annotations

from collections.abc import Iterator

import click

from geartrain.admin import Admin
from geartrain.cli.asking import CONTEXT, as_json, asked_server
from geartrain.cli.details import named
from geartrain.cli.outcomes import Outcome, write_outcomes
from geartrain.errors import UnknownJobError
from geartrain.transport.connect import Connector

__all__ = ["cancel"]


@click.command(short_help="End jobs.", context_settings=CONTEXT)
@click.argument("names", nargs=-1, required=True, metavar="HANDLE|UNIQUE...")
@asked_server
@click.option(
    "--all",
    "cancels_all",
    is_flag=True,
    help="Where several functions have a job with a unique, end all of them.",
)
@as_json
def cancel(
    names: tuple[str, ...], server: Connector, cancels_all: bool, as_json: bool
) -> int:
    """End jobs that wait or run, and recurring jobs by their handle.

    The result of one that runs is refused, and who waits for it is told that it
    failed. The exit status is 1 if one of the names is unknown.
    """
    with Admin(server) as admin:
        outcomes = (
            outcome for name in names for outcome in _cancel(admin, name, cancels_all)
        )
        return write_outcomes("cancel", "cancelled", outcomes, as_json)


def _cancel(admin: Admin, name: str, cancels_all: bool) -> Iterator[Outcome]:
    """End the job with a handle, or else those with a unique."""
    outcome = _cancel_one(admin, name)
    rows = list(admin.jobs(unique=name)) if outcome.reason and name else []
    if len(rows) > 1 and not cancels_all:
        reason = f"{name!r} is the unique of {named(rows)}: name one handle, or --all"
        yield Outcome(name, reason)
    elif rows:
        yield from (_cancel_one(admin, row.handle) for row in rows)
    else:
        yield outcome


def _cancel_one(admin: Admin, handle: str) -> Outcome:
    try:
        admin.cancel(handle)
    except UnknownJobError as error:
        return Outcome(handle, str(error))
    return Outcome(handle)
