"""Endings in memory, in their order and in the order in which they expire."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import Ending, ListEndings

__all__ = ["Endings"]

# The most that one commit drops, and that one slice of a list looks at.
_MOST_DROPPED: Final = 1000
_MOST_LOOKED_AT: Final = 2000


class Endings:
    """What became of jobs.

    Attributes:
        by_serial: the endings by their serials.
    """

    def __init__(self) -> None:
        self.by_serial: dict[int, Ending] = {}
        self._serials: list[int] = []
        self._ages: list[tuple[float, int]] = []

    def commit(self, batch: Batch) -> None:
        """Keep what a batch has, and drop what is to be dropped."""
        for ending in batch.endings:
            self._drop(ending.serial)
            self.by_serial[ending.serial] = ending
            insort(self._serials, ending.serial)
            insort(self._ages, (ending.until, ending.serial))
        if batch.expired_until:
            end = bisect_right(self._ages, (batch.expired_until, 2**64))
            for _, serial in self._ages[: min(end, _MOST_DROPPED)]:
                self._drop(serial)
            expiry = self.next_expiry()
            if expiry and not 0 < batch.next_expiry < expiry:
                batch.next_expiry = expiry

    def last(self) -> int:
        """Return the highest serial; 0 if there is none."""
        return self._serials[-1] if self._serials else 0

    def next_expiry(self) -> float:
        """Return when the first expires; 0 if there is none."""
        return self._ages[0][0] if self._ages else 0.0

    def list(self, query: ListEndings) -> None:
        """Answer the query."""
        end = bisect_left(self._serials, query.before)
        start = max(0, end - _MOST_LOOKED_AT)
        for place in range(end - 1, start - 1, -1):
            ending = self.by_serial[self._serials[place]]
            query.looked_at += 1
            if query.takes(ending):
                query.endings.append(ending)
            if place and (len(query.endings) == query.most or place == start):
                query.following = ending.serial
                return

    def _drop(self, serial: int) -> None:
        ending = self.by_serial.pop(serial, None)
        if ending is not None:
            del self._serials[bisect_left(self._serials, serial)]
            del self._ages[bisect_left(self._ages, (ending.until, serial))]
