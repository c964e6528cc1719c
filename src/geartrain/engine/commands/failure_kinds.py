"""Kinds of failures: jobs that failed by errors which differ only in what varies.

``no route to 10.0.0.7 after 31 s`` and ``no route to 10.0.0.9 after 30 s`` are one
kind, ``no route to # after # s``. What stands for what varies is ``#``, and ``'…'``
for a name in quotes. Two text commands list kinds, of two things: ``failures`` of what
ended lately, whatever became of it, and ``dead groups`` of what is there to be run
again, however long ago it died.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.rows import calendar_time, row, text
from geartrain.engine.state.state import State
from geartrain.texts import error_line

__all__ = ["Failed", "FailureKinds", "kind_of"]

# Kinds that are kept; what comes after them is not told apart.
_MOST_KINDS: Final = 1_000
# Characters of a line that tell kinds apart.
_MOST_READ: Final = 200
# How often a line is looked at; nearly every one is as it stays after the first.
_MOST_LOOKS: Final = 8
# Units of work, as ``turns`` counts it: of a row, and of a line that is new.
_ROW: Final = 15
_LINE: Final = 15

_QUOTED: Final = re.compile(r"""(?<!\w)(?:'[^']*'|"[^"]*"|`[^`]*`)(?!\w)""")
# What each alternative finds begins where no other character of it stands before, so
# that no line, however hostile, takes more than 0.1 ms.
_VARYING: Final = re.compile(
    r"""
    (?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+                         # bob@example.com
  | \d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?  # a time
  | (?<!\w)H:[^\s:'"]+:\d+                                           # a handle
  | (?<!\w)0[xX][0-9A-Fa-f]+
  | (?<![\w-])(?=[a-f-]*\d)[0-9a-f]{7,}(?:-[0-9a-f]{4,})*(?!\w)      # a digest, UUID
  | (?<![\w-])(?=[A-F-]*\d)[0-9A-F]{7,}(?:-[0-9A-F]{4,})*(?!\w)
  | (?<![\w:])(?=[A-Fa-f:]*\d)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])
  | (?<![A-Za-z0-9])\d+(?:[.,:]\d+)*                                 # 10.0.0.7:4730
    """,
    re.VERBOSE,
)


def kind_of(error: bytes) -> str:
    """Return the line of an error that says what went wrong, without what varies.

    >>> kind_of(b"no route to 10.0.0.7:4730 after 31 s")
    'no route to # after # s'
    >>> kind_of(b"OSError: [Errno 2] No such file or directory: '/srv/7.jpg'")
    "OSError: [Errno #] No such file or directory: '…'"
    """
    return _kind(error_line(error)[:_MOST_READ])


def _kind(line: str) -> str:
    """Return what stays of a line, of which nothing more goes if it is looked at again.

    What is left out may have been all that kept other quotes from being some.
    """
    for _ in range(_MOST_LOOKS):
        found = _VARYING.sub("#", _QUOTED.sub(_emptied, line))
        if found == line:
            break
        line = found
    return line


def _emptied(quoted: re.Match[str]) -> str:
    mark = quoted[0][0]
    return f"{mark}…{mark}"


class Failed:
    """A job that failed for good."""

    def __init__(
        self, function: bytes, outcome: bytes, reason: bytes, error: bytes
    ) -> None:
        self.function = function
        """The name of its function."""
        self.outcome = outcome
        """``dead`` or ``failed``."""
        self.reason = reason
        """How its last attempt ended; empty if that is not known."""
        self.error = error
        """Its error."""
        self.time = 0.0
        """When it failed, by server time."""
        self.handle = b""
        """Its handle."""
        self.worker = b""
        """Client id and address of its last worker."""


class _FailureKind:
    """How often something went wrong."""

    def __init__(self, kind: str, latest: Failed) -> None:
        self.kind = kind
        self.latest = latest
        self.first = latest.time
        self.count = 0

    def add(self, failed: Failed) -> None:
        """Count a job."""
        self.count += 1
        self.first = min(self.first, failed.time)
        if failed.time > self.latest.time:
            self.latest = failed


class FailureKinds:
    """What went wrong and how often, by function, outcome, reason and kind of error."""

    def __init__(self) -> None:
        self._found: dict[tuple[bytes, bytes, bytes, str], _FailureKind] = {}
        # Most lines come many times.
        self._kinds: dict[str, str] = {}

    def add(self, state: State, failed: Failed) -> None:
        """Count a job."""
        kind = self._kind_of(state, error_line(failed.error)[:_MOST_READ])
        key = (failed.function, failed.outcome, failed.reason, kind)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_KINDS:
                return
            found = self._found[key] = _FailureKind(kind, failed)
        found.add(failed)

    def _kind_of(self, state: State, line: str) -> str:
        kind = self._kinds.get(line)
        if kind is None:
            state.turns.work += _LINE
            kind = _kind(line)
            if len(self._kinds) < _MOST_KINDS:
                self._kinds[line] = kind
        return kind

    def rows(self, state: State, limit: int) -> Iterator[bytes]:
        """Give a row for each of the most frequent, each with its latest as example."""
        for found in sorted(self._found.values(), key=_rank)[:limit]:
            state.turns.work += _ROW
            yield _row(state, found)


def _rank(found: _FailureKind) -> tuple[int, float]:
    return -found.count, -found.latest.time


def _row(state: State, found: _FailureKind) -> bytes:
    latest = found.latest
    return row(
        {
            "function": text(latest.function),
            "state": text(latest.outcome),
            "kind": found.kind or None,
            "error": error_line(latest.error)[:_MOST_READ] or None,
            "reason": text(latest.reason) or None,
            "count": found.count,
            "first": calendar_time(state, found.first),
            "last": calendar_time(state, latest.time),
            "handle": text(latest.handle),
            "worker": text(latest.worker) or None,
        }
    )
