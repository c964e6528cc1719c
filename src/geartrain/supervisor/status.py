"""The status line: redrawn on a terminal, logged elsewhere.

It is drawn by hand, not by rich: a terminal that is stopped (Ctrl-S) or gone must not
stop the supervisor, and rich waits for it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Protocol

from geartrain.server.logs import flush_logs
from geartrain.transport.standard import write_soon

__all__ = ["ProcessCounts", "Status", "StatusLine", "StatusLog", "status_text"]

_log = logging.getLogger("geartrain.supervisor")
_CLEAR = "\r\x1b[K"


@dataclass(frozen=True, kw_only=True)
class ProcessCounts:
    """The numbers of processes and jobs.

    Attributes:
        wanted: processes that should run.
        up: processes that have loaded their worker.
        busy: jobs that run.
        done: jobs that succeeded since the start.
        failed: jobs that failed since the start.
    """

    wanted: int
    up: int
    busy: int
    done: int
    failed: int

    @property
    def ended(self) -> int:
        """Return how many jobs ended, successfully or not."""
        return self.done + self.failed


class Status(Protocol):
    """A place to show the counts.

    Attributes:
        interval: seconds between two calls of ``show``.
    """

    interval: float

    def show(self, counts: ProcessCounts) -> None:
        """Show the counts."""

    def erase(self) -> None:
        """Remove what should not stay after the end."""


def status_text(counts: ProcessCounts, rate: float) -> str:
    """Return the status line; ``rate`` is jobs per second."""
    return (
        f"{counts.up}/{counts.wanted} processes, {counts.busy:,} busy,"
        f" {counts.done:,} done, {counts.failed:,} failed, {rate:,.1f}/s"
    )


class _Rate:
    """The number of jobs per second since the last call."""

    def __init__(self) -> None:
        self._ended = 0
        self._asked = time.monotonic()

    def of(self, counts: ProcessCounts) -> float:
        now = time.monotonic()
        ended, seconds = counts.ended - self._ended, now - self._asked
        self._ended, self._asked = counts.ended, now
        return ended / seconds if seconds > 0 else 0.0


class StatusLine:
    """Redraws the line in place.

    The cursor waits at its start, so that what a worker prints goes over the line.
    """

    interval = 0.5

    def __init__(self, terminal: int) -> None:
        """Draw on the descriptor ``terminal``."""
        self._terminal = terminal
        self._rate = _Rate()

    def show(self, counts: ProcessCounts) -> None:
        """Draw the line."""
        text = status_text(counts, self._rate.of(counts))
        # First the rest of a line that was printed over it is cleared.
        self._write(f"{_CLEAR}{text}\r")

    def erase(self) -> None:
        """Clear the line, once the log is written above it."""
        flush_logs()
        self._write(_CLEAR)

    def _write(self, text: str) -> None:
        # A terminal that is gone or stopped (Ctrl-S) is no reason to end or to wait.
        write_soon(self._terminal, text.encode(), 0.0)


class StatusLog:
    """Logs the line once a minute, if a count has changed."""

    interval = 60.0

    def __init__(self) -> None:
        """Log as ``geartrain.supervisor``."""
        self._rate = _Rate()
        self._last: ProcessCounts | None = None

    def show(self, counts: ProcessCounts) -> None:
        """Log the line if a count has changed."""
        rate = self._rate.of(counts)
        if counts != self._last:
            _log.info("%s", status_text(counts, rate), extra={"action": "status"})
        self._last = counts

    def erase(self) -> None:
        """Do nothing: a log line stays."""
