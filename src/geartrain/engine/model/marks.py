"""Marks: moments that explain a chart, of the job server and of its functions."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

from geartrain.engine.timers import Timed

__all__ = [
    "CRASHED",
    "MARKS",
    "NO_WORKER",
    "STARTED",
    "STOPPED",
    "WORKER",
    "Absence",
    "Mark",
    "Marks",
    "read_mark",
]

STARTED: Final = "started"
"""The job server started."""
STOPPED: Final = "stopped"
"""The job server stopped in order."""
CRASHED: Final = "crashed"
"""The job server ended without a stop; this was the last time it saved."""
NO_WORKER: Final = "no_worker"
"""The last worker of a function left."""
WORKER: Final = "worker"
"""A function that had lost its last worker has one again."""

MARKS: Final = (STARTED, STOPPED, CRASHED, NO_WORKER, WORKER)
"""All kinds of marks."""

# Marks of the job server, and of all functions together: functions that come and go
# must not push out when the server started. A mark takes about 300 bytes.
_MOST_OF_SERVER: Final = 200
_MOST_OF_FUNCTIONS: Final = 2_000
# Functions without a worker whose return will be marked.
_MOST_AWAY: Final = 10_000


class Mark:
    """One moment."""

    def __init__(self, number: int, time: float, kind: str, function: bytes) -> None:
        self.number = number
        """Its place among all marks, from 1; or by the time, as that of ``Action``."""
        self.time = time
        """When, by the calendar of then, in seconds since 1970."""
        self.kind = kind
        """One of ``MARKS``."""
        self.function = function
        """The function it is about; empty for the job server."""
        self.seconds = -1.0
        """For how long the server was away, or the function had no worker; -1 for
        a mark that ends nothing.
        """
        self.version = ""
        """Of a start: the job server's version."""
        self.node = ""
        """Which job server made it, of several that share a store; else empty."""
        self.is_over = False
        """Of a crash: the job server was seen to be back. No store keeps that."""

    def values(self) -> dict[str, str | int | float | None]:
        """Return it as a row."""
        name = self.function.decode("utf-8", "surrogateescape")
        row: dict[str, str | int | float | None] = {
            "number": self.number,
            "time": self.time,
            "mark": self.kind,
            "function": name or None,
            "seconds": self.seconds if self.seconds >= 0 else None,
            "version": self.version or None,
        }
        if self.node:
            row["node"] = self.node
        return row


def read_mark(line: bytes) -> Mark:
    """Return a mark as ``values`` tells it, as a line of JSON.

    Raises:
        ValueError, LookupError, TypeError: it is none.
    """
    row: dict[str, Any] = json.loads(line)
    function = (row["function"] or "").encode("utf-8", "surrogateescape")
    mark = Mark(int(row["number"]), float(row["time"]), str(row["mark"]), function)
    mark.seconds = -1.0 if row["seconds"] is None else float(row["seconds"])
    mark.version = str(row["version"] or "")
    mark.node = str(row.get("node") or "")
    return mark


class Absence(Timed):
    """A function that has no worker any more; its timer rings when that is marked."""

    def __init__(self, function: bytes, time: float, since: float) -> None:
        super().__init__()
        self.function = function
        """The function's name."""
        self.time = time
        """When its last worker left, by the calendar."""
        self.since = since
        """The same as a server time."""
        self.is_marked = False
        """There is a mark of it."""


class Marks:
    """The latest marks, and the functions that lost their last worker."""

    def __init__(self) -> None:
        self.absences: dict[bytes, Absence] = {}
        """By function, who has no worker any more."""
        self.began: Mark | None = None
        """The start of this life. It is never forgotten for others: how a life ended
        is told by what its job server marked last.
        """
        self._of_server: deque[Mark] = deque()
        self._of_functions: deque[Mark] = deque()
        self._last = 0

    def next_number(self, least: int = 1) -> int:
        """Return the number of the next mark."""
        return max(self._last + 1, least)

    def add(self, mark: Mark) -> int:
        """Keep a mark; return the number of one that is forgotten for it, or 0."""
        if mark.number <= self._last:
            return next(iter(self.take_in([mark])), 0)
        self._last = mark.number
        kept = self._of_functions if mark.function else self._of_server
        most = _MOST_OF_FUNCTIONS if mark.function else _MOST_OF_SERVER
        kept.append(mark)
        if len(kept) <= most:
            return 0
        earliest = kept.popleft()
        if earliest is self.began:
            kept[0], earliest = earliest, kept[0]
        return earliest.number

    def take_in(self, marks: Iterable[Mark]) -> list[int]:
        """Keep those of an earlier life, or of another job server, in their places.

        Returns the numbers of those that are forgotten.
        """
        known = {each.number: each for each in marks}
        for kept in (self._of_functions, self._of_server):
            known.update({each.number: each for each in kept})
            kept.clear()
        self._last = 0
        forgotten = [self.add(known[number]) for number in sorted(known)]
        return [number for number in forgotten if number]

    def last_of_servers(self) -> dict[str, Mark]:
        """Return the latest mark of each job server, by its name."""
        return {mark.node: mark for mark in self._of_server}

    def lose(self, absence: Absence) -> Absence | None:
        """Note that a function has no worker; return one given up for it, if any."""
        self.absences[absence.function] = absence
        if len(self.absences) <= _MOST_AWAY:
            return None
        return self.absences.pop(next(iter(self.absences)))

    def before(self, number: int, function: bytes) -> Iterator[Mark]:
        """Give the marks with lower numbers, or all for 0, the latest first.

        With a function, these are its own and the job server's.
        """
        of_functions = list(self._of_functions)
        if function:
            of_functions = [each for each in of_functions if each.function == function]
        for mark in sorted([*of_functions, *self._of_server], key=_number)[::-1]:
            if number == 0 or mark.number < number:
                yield mark


def _number(mark: Mark) -> int:
    return mark.number
