"""Lines that a job server answers by, within limits of length, number and time."""

from __future__ import annotations

import time

# typing is slow to import, and scripts run `gearadmin` for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Final

__all__ = ["MOST_ANSWER", "MOST_LINE", "Lines", "TooMuchError"]

MOST_LINE: Final = 16 * 1024 * 1024
"""Bytes of a line: a worker of 100,000 functions has one of some megabytes."""

MOST_ANSWER: Final = 256 * 1024 * 1024
"""Bytes of memory for an answer: a million functions have one of some 120 MB."""

# Bytes of memory that a line takes beside its own.
_OVERHEAD: Final = 64

# An answer that is incomplete after this many timeouts is given up.
_PATIENCES: Final = 30
# Seconds: nothing lives as long.
_FOREVER: Final = 1e9
# Seconds: a socket's timeout is a number of milliseconds in a C int.
_LONGEST_WAIT: Final = 1e6
# Bytes that count as a sign of life where no line ends.
_PROGRESS: Final = 65536


class TooMuchError(OSError):
    """An answer is longer than any of a job server is."""


class Lines:
    """Reads lines from a socket, which may speak TLS."""

    def __init__(self, connection: socket.socket, patience: float | None) -> None:
        """``patience`` is seconds in which a line ends, or 64 KiB come; None waits."""
        self._socket = connection
        self._patience = _FOREVER if patience is None else patience
        self._buffer = bytearray()
        self._scanned = 0
        self.begin()

    def begin(self, most_line: int = MOST_LINE, most_answer: int = MOST_ANSWER) -> None:
        """Begin with an answer: its limits count from here."""
        self._most_line = most_line
        self._left = max(most_line, most_answer)
        self._ends = time.monotonic() + self._patience * _PATIENCES

    def next(self) -> bytes:
        """Return the next line with its end; without one, the connection has ended.

        Raises:
            TimeoutError: it does not come, or comes byte by byte.
            TooMuchError: it has no end, or the answer has none.
            OSError: the connection is lost.
        """
        deadline = min(time.monotonic() + self._patience, self._ends)
        progress = 0
        while (end := self._buffer.find(b"\n", self._scanned)) < 0:
            self._scanned = len(self._buffer)
            if self._scanned > self._most_line:
                raise TooMuchError(f"a line of more than {self._most_line:,} bytes")
            data = self._received(deadline)
            if not data:
                return self._taken(len(self._buffer))
            self._buffer += data
            progress += len(data)
            if progress >= _PROGRESS:
                progress = 0
                deadline = min(time.monotonic() + self._patience, self._ends)
        return self._taken(end + 1)

    def _received(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left, _LONGEST_WAIT))
        return self._socket.recv(_PROGRESS)

    def _taken(self, size: int) -> bytes:
        """Take a line out of the buffer."""
        if size > self._most_line:
            raise TooMuchError(f"a line of more than {self._most_line:,} bytes")
        self._left -= size + _OVERHEAD
        if self._left < 0:
            raise TooMuchError("an answer that has no end")
        line = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        self._scanned = 0
        return line
