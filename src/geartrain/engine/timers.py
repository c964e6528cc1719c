"""Deadlines in order, set and cancelled in logarithmic time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from geartrain._mypyc import mypyc_attr

__all__ = ["Timed", "Timers"]


@mypyc_attr(acyclic=True)
class Timed:
    """What can wait in ``Timers``; it waits in one of them at most."""

    def __init__(self) -> None:
        self.timer = 0
        """The serial number of its deadline, 0 while it has none."""


class Timers:
    """A heap of deadlines whose cancelled ones are dropped when they are met."""

    def __init__(self, serials: Iterator[int]) -> None:
        """Take serial numbers from ``serials``, from 1; all timers share it."""
        self._heap: list[tuple[float, int, Timed]] = []
        self._cancelled = 0
        self._serials = serials

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def set(self, item: Timed, when: float) -> None:
        """Give an item that has no deadline one at ``when``."""
        item.timer = next(self._serials)
        heapq.heappush(self._heap, (when, item.timer, item))

    def cancel(self, item: Timed) -> None:
        """Take an item's deadline from it, if it has one."""
        if item.timer == 0:
            return
        item.timer = 0
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].timer == entry[1]]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def next(self) -> float | None:
        """Return the earliest deadline, or None."""
        heap = self._heap
        while heap:
            when, serial, item = heap[0]
            if item.timer == serial:
                return when
            heapq.heappop(heap)
            self._cancelled -= 1
        return None

    def first(self, most: int) -> list[tuple[float, Timed]]:
        """Return the earliest deadlines and whose they are, in order.

        At most ``most`` are looked at, cancelled ones included.
        """
        heap = self._heap
        found: list[tuple[float, Timed]] = []
        # Places in the heap: an entry is never before the one at half of its place.
        places = [(heap[0][0], heap[0][1], 0)] if heap else []
        for _ in range(most):
            if not places:
                break
            when, serial, place = heapq.heappop(places)
            item = heap[place][2]
            if item.timer == serial:
                found.append((when, item))
            for below in range(2 * place + 1, min(2 * place + 3, len(heap))):
                heapq.heappush(places, (heap[below][0], heap[below][1], below))
        return found

    def pop(self, now: float) -> Timed | None:
        """Take out and return an item whose deadline has come, or None."""
        when = self.next()
        if when is None or when > now:
            return None
        item = heapq.heappop(self._heap)[2]
        item.timer = 0
        return item
