"""Open counts: what happens to jobs in the minute that has not ended.

Each event is counted here, up to eight times a job, so that this is made for speed:
``Counts``, which the minute becomes when it ends, is made for being added and kept.
"""

from __future__ import annotations

from typing import Final

from geartrain._mypyc import mypyc_attr
from geartrain.engine.model.counts import KINDS, STARTED, SUBMITTED, Counts

__all__ = ["OpenCounts"]


@mypyc_attr(acyclic=True)
class _OpenNumber:
    """A number to be increased.

    Compiled, that takes 20 instructions; of an item of a list of numbers it takes 130,
    because each new number there is an object.
    """

    def __init__(self) -> None:
        self.number = 0


class OpenCounts:
    """Numbers of events so far, and how long jobs waited and ran."""

    def __init__(self) -> None:
        self._numbers: Final = [_OpenNumber() for _ in range(KINDS)]
        self._submitted: Final[list[_OpenNumber]] = []
        self._waiting: Final[list[_OpenNumber]] = []
        self._running: Final[list[_OpenNumber]] = []
        self._waited = 0.0
        self._ran = 0.0

    def count(self, kind: int) -> None:
        """Count an event, of a kind that ``counts`` names."""
        self._numbers[kind].number += 1

    def submit(self, number: int) -> None:
        """Count a submitted job; ``number`` is what ``submission`` returned for it."""
        self._numbers[SUBMITTED].number += 1
        submitted = self._submitted
        if number >= len(submitted):
            _grow(submitted, number)
        submitted[number].number += 1

    def wait(self, seconds: float, number: int) -> None:
        """Count an attempt that began; ``number`` is the bucket of its wait."""
        self._numbers[STARTED].number += 1
        self._waited += seconds
        waiting = self._waiting
        if number >= len(waiting):
            _grow(waiting, number)
        waiting[number].number += 1

    def run(self, seconds: float, number: int) -> None:
        """Count the time of an attempt that ended, in this bucket."""
        self._ran += seconds
        running = self._running
        if number >= len(running):
            _grow(running, number)
        running[number].number += 1

    def number(self, kind: int) -> int:
        """Return how often an event happened."""
        return self._numbers[kind].number

    def numbers(self) -> list[int]:
        """Return how often each kind of event happened."""
        return [tally.number for tally in self._numbers]

    def counts(self) -> Counts:
        """Return what was counted so far."""
        counts = Counts()
        counts.numbers = self.numbers()
        counts.submitted = [tally.number for tally in self._submitted]
        counts.waiting = [tally.number for tally in self._waiting]
        counts.running = [tally.number for tally in self._running]
        counts.waited = self._waited
        counts.ran = self._ran
        return counts


def _grow(tallies: list[_OpenNumber], number: int) -> None:
    while len(tallies) <= number:
        tallies.append(_OpenNumber())
