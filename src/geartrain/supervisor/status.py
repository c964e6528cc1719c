"""One line about all processes: redrawn on a terminal, logged elsewhere."""

from __future__ import annotations

import logging
import time

from geartrain.server.logs import flush_logs
from geartrain.supervisor.counts import Counts
from geartrain.transport.standard import write_soon

__all__ = ["StatusLine", "StatusLog", "status_text"]

_log = logging.getLogger("geartrain.supervisor")
_CLEAR = "\r\x1b[K"


def status_text(counts: Counts, rate: float) -> str:
    """Return the line."""
    return (
        f"{counts.up}/{counts.wanted} processes, {counts.busy:,} busy,"
        f" {counts.done:,} done, {counts.failed:,} failed, {rate:,.1f}/s"
    )


class _Rate:
    """Jobs a second since it was last asked."""

    def __init__(self) -> None:
        self._ended = 0
        self._asked = time.monotonic()

    def of(self, counts: Counts) -> float:
        now = time.monotonic()
        ended, seconds = counts.ended - self._ended, now - self._asked
        self._ended, self._asked = counts.ended, now
        return ended / seconds if seconds > 0 else 0.0


class StatusLine:
    """Redraws the line in place.

    The cursor waits at its start: what a worker prints goes over it, not after it.
    """

    interval = 0.5

    def __init__(self, terminal: int) -> None:
        """Draw on the descriptor ``terminal``."""
        self._terminal = terminal
        self._rate = _Rate()

    def show(self, counts: Counts) -> None:
        """Draw the line."""
        text = status_text(counts, self._rate.of(counts))
        # The rest of a line that was printed over it goes; then it is drawn.
        self._write(f"{_CLEAR}{text}\r")

    def erase(self) -> None:
        """Take the line away, once the log is above it."""
        flush_logs()
        self._write(_CLEAR)

    def _write(self, text: str) -> None:
        # A terminal that is gone or stopped (Ctrl-S) is no reason to end or to wait.
        write_soon(self._terminal, text.encode(), 0.0)


class StatusLog:
    """Logs the line once a minute if any job ended, or is at hand."""

    interval = 60.0

    def __init__(self) -> None:
        """Log under the supervisor's name."""
        self._rate = _Rate()
        self._last: Counts | None = None

    def show(self, counts: Counts) -> None:
        """Log the line if there is news."""
        rate = self._rate.of(counts)
        if counts != self._last:
            _log.info("%s", status_text(counts, rate))
        self._last = counts

    def erase(self) -> None:
        """Do nothing: a log line stays."""
