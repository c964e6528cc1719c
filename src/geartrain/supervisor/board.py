"""What a process of workers has at hand, where its parent can read it.

The memory is shared, and outlives the process: what it had at hand when it died is
still there. A note a job over a socket would cost more than many a job.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass

__all__ = ["CAPACITY", "Board", "JobAtHand"]

CAPACITY = 1024
"""So many jobs of a process are seen at a time; more are run, but not looked after."""

_MOST_HANDLE = 200
_TOTALS = struct.Struct("=QQI")
_ENTRY = struct.Struct(f"=ddIH{_MOST_HANDLE}s")
_LENGTH_AT = struct.calcsize("=ddI")
_FIRST = 32


@dataclass(frozen=True, kw_only=True)
class JobAtHand:
    """A job that a process has begun and not ended.

    Attributes:
        handle: as it came.
        connection: the number the process gave the connection it came on.
        started: by the monotonic clock.
        limit: how many seconds it may run; infinite for no limit.
    """

    handle: bytes
    connection: int
    started: float
    limit: float

    def is_overdue(self, now: float) -> bool:
        """Tell whether it has run for longer than it may."""
        return now - self.started > self.limit


class Board:
    """Shared memory with the jobs at hand and how many were done; one writer only.

    It is made before the fork and written by the child.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FIRST + CAPACITY * _ENTRY.size)
        self._done = 0
        self._failed = 0
        self._used = 0
        self._free: list[int] = []

    def begin(
        self, handle: bytes, connection: int, started: float, limit: float
    ) -> int | None:
        """Write a job down; return where, for ``end``, or None if there is no room.

        What it is told are the attributes of JobAtHand.
        """
        length = len(handle)
        if length > _MOST_HANDLE:
            return None
        if self._free:
            entry = self._free.pop()
        elif self._used < CAPACITY:
            entry = self._used
            self._used += 1
            self._write_totals()
        else:
            return None
        at = _FIRST + entry * _ENTRY.size
        _ENTRY.pack_into(self._memory, at, started, limit, connection, length, handle)
        return entry

    def end(
        self, entry: int | None, *, done: bool = False, failed: bool = False
    ) -> None:
        """Strike a job out and count it."""
        self._done += done
        self._failed += failed
        self._write_totals()
        if entry is not None:
            at = _FIRST + entry * _ENTRY.size + _LENGTH_AT
            self._memory[at : at + 2] = b"\0\0"
            self._free.append(entry)

    def jobs(self) -> list[JobAtHand]:
        """Return the jobs at hand."""
        used = self._totals()[2]
        if not used:
            return []
        area = self._memory[_FIRST : _FIRST + used * _ENTRY.size]
        return [
            JobAtHand(
                handle=handle[:length],
                connection=connection,
                started=started,
                limit=limit,
            )
            for started, limit, connection, length, handle in _ENTRY.iter_unpack(area)
            if length
        ]

    @property
    def done(self) -> int:
        """Return how many jobs ended well."""
        return self._totals()[0]

    @property
    def failed(self) -> int:
        """Return how many jobs failed."""
        return self._totals()[1]

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()

    def _totals(self) -> tuple[int, int, int]:
        done, failed, used = _TOTALS.unpack_from(self._memory)
        return done, failed, min(used, CAPACITY)

    def _write_totals(self) -> None:
        _TOTALS.pack_into(self._memory, 0, self._done, self._failed, self._used)
