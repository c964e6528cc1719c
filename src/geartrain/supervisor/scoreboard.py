"""The jobs that a process is running, in memory that its parent reads.

The memory is shared and outlives the process, so the parent still sees what it was
running when it died. Sending that over a socket instead would cost more than many a job
does.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass

__all__ = ["CAPACITY", "JobAtHand", "Scoreboard"]

CAPACITY = 1024
"""Maximum number of jobs of a process on the scoreboard. More run, but unsupervised."""

_MOST_HANDLE = 200
_TOTALS = struct.Struct("=QQI")
_ENTRY = struct.Struct(f"=ddIH{_MOST_HANDLE}s")
_LENGTH_AT = struct.calcsize("=ddI")
_FIRST = 32


@dataclass(frozen=True, kw_only=True)
class JobAtHand:
    """A job that a process is running.

    Attributes:
        handle: its handle.
        connection: the number that the process gave the connection it came on.
        started: when it began, by the monotonic clock.
        limit: maximum number of seconds it may run; infinite for no limit.
    """

    handle: bytes
    connection: int
    started: float
    limit: float

    def is_overdue(self, now: float) -> bool:
        """Return whether it has run for longer than its limit."""
        return now - self.started > self.limit


class Scoreboard:
    """Shared memory with the jobs that run and the number of those that ended.

    It is made before the fork. Only the child writes to it.
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
        """Add a job; return its entry for ``end``, or None if there is no room.

        The arguments are the attributes of JobAtHand.
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
        """Remove a job and count it."""
        self._done += done
        self._failed += failed
        self._write_totals()
        if entry is not None:
            at = _FIRST + entry * _ENTRY.size + _LENGTH_AT
            self._memory[at : at + 2] = b"\0\0"
            self._free.append(entry)

    def jobs(self) -> list[JobAtHand]:
        """Return the jobs that run."""
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
        """Return how many jobs succeeded."""
        return self._totals()[0]

    @property
    def failed(self) -> int:
        """Return how many jobs failed."""
        return self._totals()[1]

    def close(self) -> None:
        """Release the memory."""
        self._memory.close()

    def _totals(self) -> tuple[int, int, int]:
        done, failed, used = _TOTALS.unpack_from(self._memory)
        return done, failed, min(used, CAPACITY)

    def _write_totals(self) -> None:
        _TOTALS.pack_into(self._memory, 0, self._done, self._failed, self._used)
