"""Tails: the last of the data that running jobs stream, for those who look at them.

Nothing is kept of a job that nobody looks at. Who looks asks again and again; what is
kept is dropped some seconds after the last time. Data that was sent before somebody
looked is not in it, unless the job's result is collected anyway.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.jobs import Job

__all__ = ["MOST_TAIL", "DataTail", "Tails"]

MOST_TAIL: Final = 8192
"""Bytes that are kept of a job's data."""

# Jobs that are looked at: beyond, the one that was looked at first is dropped.
_MOST: Final = 200
# Seconds for which a tail is kept after somebody looked.
_KEPT_FOR: Final = 20.0


class DataTail:
    """The end of what an attempt has sent."""

    def __init__(self, job: Job) -> None:
        self.started = job.started
        """When the attempt began, a server time."""
        self.size = 0
        """Bytes that have been sent, those before somebody looked left out."""
        self.data = b""
        """The last of them."""
        self.until = 0.0
        """Until when this is kept, a steady time."""
        collected = job.collected
        if collected is not None:
            for piece in collected.pieces[-MOST_TAIL:]:
                self._add(piece)
            self.size = collected.size

    def add(self, first: bytes, more: list[bytes]) -> None:
        """Add what was sent in one packet."""
        self._add(first)
        for piece in more:
            self._add(piece)

    def _add(self, piece: bytes) -> None:
        self.size += len(piece)
        # Only what is kept is copied: a piece may be as large as a packet.
        self.data = (self.data + piece[-MOST_TAIL:])[-MOST_TAIL:]


class Tails:
    """The tails of those jobs that somebody looks at."""

    def __init__(self) -> None:
        self.is_on = False
        """Somebody looks, or did a moment ago."""
        self._tails: dict[bytes, DataTail] = {}

    def look(self, handle: bytes, job: Job | None, now: float) -> DataTail | None:
        """Return the tail of a job's running or last attempt, and keep it on.

        ``job`` is the job if it is running. Returns None for one that is not, and that
        nobody looked at when it was.
        """
        for other in [each for each in self._tails if self._tails[each].until <= now]:
            del self._tails[other]
        tail = self._tails.pop(handle, None)
        if job is not None and (tail is None or tail.started != job.started):
            tail = DataTail(job)
        if tail is not None:
            tail.until = now + _KEPT_FOR
            self._tails[handle] = tail
            if len(self._tails) > _MOST:
                del self._tails[next(iter(self._tails))]
        self.is_on = bool(self._tails)
        return tail

    def add(self, job: Job, first: bytes, more: list[bytes], now: float) -> None:
        """Add what a job's worker sent, if somebody looks at the job."""
        tail = self._tails.get(job.handle)
        if tail is None:
            return
        if tail.until <= now:
            del self._tails[job.handle]
            self.is_on = bool(self._tails)
        elif tail.started == job.started:
            tail.add(first, more)
        else:
            began = DataTail(job)
            began.add(first, more)
            began.until = tail.until
            self._tails[job.handle] = began
