"""Commands that change many jobs: which ones, and what came of each."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from geartrain.admin import Admin
from geartrain.admin.conditions import LetterConditions
from geartrain.cli.listing import clock
from geartrain.cli.output import write_json
from geartrain.cli.program import complain
from geartrain.cli.progress import ProgressBar
from geartrain.errors import OptionError
from geartrain.texts import visible

__all__ = ["JobOutcome", "Selection", "agree", "confirmed", "steer", "write_changes"]


class Selection:
    """Dead letters chosen by handle, by function and age, or all of them.

    Attributes:
        handles: the handles given; empty if the dead letters are chosen otherwise.
    """

    def __init__(
        self,
        handles: tuple[str, ...],
        function: str | None,
        everything: bool,
        older_than: float | None = None,
        reason: str | None = None,
        error: str | None = None,
    ) -> None:
        """Check what was given; ``older_than`` is an age in seconds.

        Raises:
            OptionError: nothing was given, or more than one way to choose.
        """
        given = (function, older_than, reason, error)
        filters = any(each is not None for each in given)
        if bool(handles) + everything + filters != 1:
            raise OptionError(
                "say which dead letters: by their handles, or by --function, or --all"
            )
        if function == "":
            raise OptionError("the function is empty: name one")
        self.handles = handles
        self._function = function
        self._older_than = older_than
        self._reason = reason
        self._error = error

    def __str__(self) -> str:
        function = "" if self._function is None else f" of {visible(self._function)}"
        return f"dead letters{function}"

    def filters(self) -> LetterConditions | None:
        """Return the filters by which the job server can find them itself, if any."""
        if self.handles or self._older_than is not None:
            return None
        return self._conditions()

    def _conditions(self) -> LetterConditions:
        return {
            "function": self._function,
            "reason": self._reason,
            "error": self._error,
        }

    def find(self, admin: Admin) -> Iterator[str]:
        """Yield the handles of the dead letters that are chosen."""
        if self.handles:
            yield from self.handles
            return
        latest = math.inf
        if self._older_than is not None:
            # By the job server's clock, as the times of dead letters are.
            latest = clock(admin)[0] - self._older_than
        for row in admin.dead_list(**self._conditions()):
            if (row.died or 0) <= latest:
                yield row.handle


def confirmed(
    selection: Selection, admin: Admin, question: str, yes: bool
) -> Iterable[str]:
    """Return the handles that are chosen, once the user has confirmed the choice.

    No confirmation is needed with ``yes``, or for handles named one by one.

    Raises:
        OptionError: confirmation is needed, and stdin is not a terminal.
        click.exceptions.Exit: the answer is no.
    """
    if yes or selection.handles:
        return selection.find(admin)
    if not sys.stdin.isatty():
        raise OptionError(f"this may change many {selection}: add --yes if it is meant")
    # Those that are counted are changed, and none that dies meanwhile.
    handles = list(selection.find(admin))
    if handles:
        asked = question.format(f"{len(handles)} {selection}")
        if not click.confirm(asked, err=True):
            raise click.exceptions.Exit(1)
    return handles


def steer(
    admin: Admin,
    act: Callable[[bool], int],
    question: str,
    done: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Change many jobs at once, once the user has confirmed it, and print how many.

    On a terminal a bar tells how many it is so far, where that takes a while.

    Args:
        admin: what ``act`` uses.
        act: changes them and returns how many, or with True only counts them.
        question: what to ask, with ``{}`` for their number.
        done: what they are then, such as ``cancelled``.
        yes: do not ask.
        as_json: print an object.

    Raises:
        OptionError: confirmation is needed, and stdin is not a terminal.
        click.exceptions.Exit: the answer is no.
    """
    count = None if yes else _reported(admin, "counted", lambda: act(True))
    if count:
        agree(question.format(count))
    changed = 0
    if count != 0:
        changed = _reported(admin, done, lambda: act(False), count)
    if as_json:
        write_json([{"outcome": done, "count": changed}])
    else:
        click.echo(f"{changed} {done}")


def _reported(
    admin: Admin, done: str, act: Callable[[], int], total: int | None = None
) -> int:
    with ProgressBar() as progress:
        admin.report_counts(
            lambda count: progress.show(f"{count} {done} so far", count, total)
        )
        return act()


def agree(question: str) -> None:
    """Ask the user; return if the answer is yes.

    Raises:
        OptionError: stdin is not a terminal.
        click.exceptions.Exit: the answer is no.
    """
    if not sys.stdin.isatty():
        raise OptionError(f"{question} Add --yes if it is meant")
    if not click.confirm(question, err=True):
        raise click.exceptions.Exit(1)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """Whether one job was changed.

    Attributes:
        handle: the job's handle, or what the user gave instead.
        failure: why the job was not changed; empty if it was.
    """

    handle: str
    failure: str = ""


def write_changes(
    command: str, done: str, outcomes: Iterable[JobOutcome], as_json: bool
) -> int:
    """Print how many jobs were ``done``, or each in JSON; return the exit status.

    Each failure is one line on stderr. The count is printed even if an error ends
    the command.
    """
    changed = failed = 0
    try:
        for outcome in outcomes:
            if outcome.failure:
                failed += 1
                complain(f"geartrain {command}", outcome.failure)
            else:
                changed += 1
            if as_json:
                write_json([_object(outcome, done)])
    finally:
        if not as_json:
            click.echo(f"{changed} {done}")
    return 1 if failed else 0


def _object(outcome: JobOutcome, done: str) -> dict[str, Any]:
    return {
        "handle": outcome.handle,
        "outcome": None if outcome.failure else done,
        "reason": outcome.failure or None,
    }
