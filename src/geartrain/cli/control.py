"""``geartrain pause``, ``purge``, ``move`` and the like: steer functions and jobs."""

from __future__ import annotations

import difflib
import fnmatch
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from geartrain.admin import Admin
from geartrain.cli.bulk import JobOutcome, agree, steer, write_changes
from geartrain.cli.common import CONTEXT, json_option, server_option
from geartrain.cli.program import complain
from geartrain.errors import OptionError, UnknownJobError
from geartrain.texts import quoted, visible
from geartrain.transport.connect import Connector

__all__ = ["drain", "move", "pause", "priority", "purge", "resume", "run"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_patterns = click.argument("patterns", nargs=-1, required=True, metavar="FUNCTION...")
_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
_function = click.option(
    "--function", metavar="F", help="All waiting jobs of this function; '*' is any."
)
_state = click.option(
    "--state",
    type=click.Choice(["ready", "scheduled"]),
    help="Only those that are ready, or wait for a time.",
)


@click.command(short_help="Give no jobs to workers.", context_settings=CONTEXT)
@_patterns
@_yes
@server_option
def pause(patterns: tuple[str, ...], server: Connector, yes: bool) -> None:
    """Give no more jobs of functions to workers.

    What runs goes on, and submissions are taken. FUNCTION is a name or a glob such as
    'mail.*'; '*' pauses all. A pause outlasts a restart.
    """
    _switch(server, Admin.pause, "Pause", patterns, yes)


@click.command(short_help="Refuse new jobs.", context_settings=CONTEXT)
@_patterns
@_yes
@server_option
def drain(patterns: tuple[str, ...], server: Connector, yes: bool) -> None:
    """Refuse new jobs of functions; those that wait or run are finished.

    FUNCTION is a name or a glob such as 'mail.*'.
    """
    _switch(server, Admin.drain, "Refuse new jobs of", patterns, yes)


@click.command(short_help="End pause and drain.", context_settings=CONTEXT)
@_patterns
@_yes
@server_option
def resume(patterns: tuple[str, ...], server: Connector, yes: bool) -> None:
    """Give jobs of functions to workers again, and take new ones.

    FUNCTION is a name or a glob such as 'mail.*'; '*' resumes all.
    """
    _switch(server, Admin.resume, "Resume", patterns, yes)


def _switch(
    server: Connector,
    act: Callable[[Admin, str], None],
    verb: str,
    patterns: tuple[str, ...],
    yes: bool,
) -> None:
    """Say what is going to be done, and do it; a script need not confirm it."""
    names = ", ".join(visible(pattern) for pattern in patterns)
    if not yes and sys.stdin.isatty():
        agree(f"{verb} {names}?")
    with Admin(server) as admin:
        for pattern in patterns:
            act(admin, pattern)
        known = [row.function for row in admin.functions()]
    click.echo(f"{verb}: {names}")
    for pattern in patterns:
        _warn_of_unknown(pattern, known)


def _warn_of_unknown(pattern: str, known: list[str]) -> None:
    """Warn of a name that no function has yet: it may be mistyped."""
    if fnmatch.filter(known, pattern):
        return
    near = difflib.get_close_matches(pattern, known, 1)
    hint = f": did you mean {quoted(near[0])}?" if near else ""
    complain("geartrain", f"no function has the name {quoted(pattern)} yet{hint}")


@click.command(short_help="Cancel waiting jobs.", context_settings=CONTEXT)
@click.argument("function")
@_state
@_yes
@json_option
@server_option
def purge(
    function: str, server: Connector, state: str | None, yes: bool, as_json: bool
) -> None:
    """Cancel all waiting jobs of FUNCTION; those that run go on."""
    with Admin(server) as admin:
        steer(
            admin,
            lambda count: admin.purge(function, state=state, count=count),
            f"Cancel {{}} waiting jobs of {_shown(function)}?",
            "purged",
            yes,
            as_json,
        )


@click.command(short_help="Move jobs to another function.", context_settings=CONTEXT)
@click.argument("names", nargs=-1, required=True, metavar="[HANDLE...] FUNCTION")
@_function
@_state
@click.option("--dead", is_flag=True, help="Move dead letters of --function instead.")
@_yes
@json_option
@server_option
def move(
    names: tuple[str, ...],
    server: Connector,
    function: str | None,
    state: str | None,
    dead: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Move waiting jobs, and dead letters, to another FUNCTION.

    Jobs are named by their handles, or by --function. A crash leaves each with the old
    function or the new one. The exit status is 1 if a handle is unknown.
    """
    *handles, to = names
    _check(handles, function, state)
    if dead and (function is None or state is not None):
        raise OptionError("--dead goes with --function, and not with --state")
    with Admin(server) as admin:
        if handles:
            changes = _each(handles, lambda handle: admin.move(handle, to))
            return write_changes("move", "moved", changes, as_json)
        of = None if dead and function == "*" else function
        what = "dead letters" if dead else "waiting jobs"
        steer(
            admin,
            lambda count: (
                admin.move_dead(to, function=of, count=count)
                if dead
                else admin.move_all(to, function=of, state=state, count=count)
            ),
            f"Move {{}} {what} of {_shown(function)} to {_shown(to)}?",
            "moved",
            yes,
            as_json,
        )
    return 0


@click.command(short_help="Change jobs' priority.", context_settings=CONTEXT)
@click.argument("names", nargs=-1, required=True, metavar="[HANDLE...] PRIORITY")
@_function
@_state
@_yes
@json_option
@server_option
def priority(
    names: tuple[str, ...],
    server: Connector,
    function: str | None,
    state: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Give waiting jobs the PRIORITY high, normal or low.

    Jobs are named by their handles, or by --function. The exit status is 1 if a handle
    is unknown.
    """
    *handles, rank = names
    if rank not in ("high", "normal", "low"):
        raise OptionError(f"{rank!r} is no priority: end with high, normal or low")
    _check(handles, function, state)
    with Admin(server) as admin:
        if handles:
            changes = _each(handles, lambda handle: admin.prioritize(handle, rank))
            return write_changes("priority", "changed", changes, as_json)
        steer(
            admin,
            lambda count: admin.prioritize_all(
                rank, function=function, state=state, count=count
            ),
            f"Give up to {{}} waiting jobs of {_shown(function)} {rank} priority?",
            "changed",
            yes,
            as_json,
        )
    return 0


@click.command(short_help="Run delayed jobs now.", context_settings=CONTEXT)
@click.argument("handles", nargs=-1, metavar="[HANDLE...]")
@_function
@_yes
@json_option
@server_option
def run(
    handles: tuple[str, ...],
    server: Connector,
    function: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Let jobs that wait for a time, or for another attempt, run now.

    Jobs are named by their handles, or by --function. The exit status is 1 if a handle
    is unknown.
    """
    _check(list(handles), function, None)
    with Admin(server) as admin:
        if handles:
            changes = _each(list(handles), admin.run)
            return write_changes("run", "due now", changes, as_json)
        steer(
            admin,
            lambda count: admin.run_all(function=function, count=count),
            f"Let {{}} delayed jobs of {_shown(function)} run now?",
            "due now",
            yes,
            as_json,
        )
    return 0


def _shown(function: str | None) -> str:
    return "all functions" if function in ("*", None) else visible(str(function))


def _check(handles: list[str], function: str | None, state: str | None) -> None:
    """Raise OptionError unless jobs are named in just one way."""
    if bool(handles) == (function is not None):
        raise OptionError("say which jobs: by their handles, or by --function")
    if handles and state is not None:
        raise OptionError("--state goes with --function")


def _each(handles: list[str], act: Callable[[str], None]) -> Iterator[JobOutcome]:
    for handle in handles:
        try:
            act(handle)
        except UnknownJobError as error:
            yield JobOutcome(handle, str(error))
        else:
            yield JobOutcome(handle)
