"""What became of each job that a command was to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from geartrain.cli.output import write_json
from geartrain.cli.program import complain

__all__ = ["Outcome", "write_outcomes"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one.

    Attributes:
        handle: the job's handle, or what was given in place of it.
        reason: why nothing became of it; empty if all is well.
    """

    handle: str
    reason: str = ""


class _Tally:
    """Counts outcomes as they pass, and tells on stderr of those that are not well."""

    def __init__(self, command: str) -> None:
        self._name = f"geartrain {command}"
        self.done = 0
        self.missed = 0

    def counted(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Give the outcomes on."""
        for outcome in outcomes:
            if outcome.reason:
                self.missed += 1
                complain(self._name, outcome.reason)
            else:
                self.done += 1
            yield outcome


def write_outcomes(
    command: str, done: str, outcomes: Iterable[Outcome], as_json: bool
) -> int:
    """Print how many were ``done``, or each in JSON; return the exit status.

    They are told even where an error ends them.
    """
    tally = _Tally(command)
    counted = tally.counted(outcomes)
    if as_json:
        for outcome in counted:
            write_json([_object(outcome, done)])
    else:
        try:
            for _ in counted:
                pass
        finally:
            click.echo(f"{tally.done} {done}")
    return 1 if tally.missed else 0


def _object(outcome: Outcome, done: str) -> dict[str, Any]:
    return {
        "handle": outcome.handle,
        "outcome": None if outcome.reason else done,
        "reason": outcome.reason or None,
    }
