"""History: what became of the jobs that ended last.

It is bounded in bytes: the oldest endings go first, however long their policies would
keep them; those whose policies keep them for longer than an hour the store has, too.
One is found by its handle, and by its unique.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.endings import Ending, ending_cost

__all__ = ["History"]

# Old endings that are dropped with each new one.
_MOST_DROPPED: Final = 2
# Places at the beginning of the list that are given up at once.
_SPARE: Final = 4096


class History:
    """The endings that are kept, in their order."""

    def __init__(self, most: int) -> None:
        self.most = most
        """The most bytes that it takes."""
        self.size = 0
        """The bytes that it takes."""
        self.is_stored = False
        """The store has endings, too."""
        self._first = 1
        self._begin = 0
        self._endings: list[Ending | None] = []
        self._by_handle: dict[bytes, Ending] = {}
        self._by_unique: dict[bytes, Ending] = {}

    def __len__(self) -> int:
        return len(self._endings) - self._begin

    def resume(self, last: int) -> None:
        """Go on after the last serial of an earlier life; 0 for none."""
        self._first = last + 1
        self.is_stored = last > 0

    def add(self, ending: Ending, most: int) -> None:
        """Add an ending, and drop the oldest beyond ``most`` bytes and their time."""
        ending.serial = self._first + len(self._endings)
        self._endings.append(ending)
        self._by_handle[ending.handle] = ending
        unique = ending.unique
        if unique:
            older = self._by_unique.get(unique)
            if older is not None:
                ending.older = older.serial
            self._by_unique[unique] = ending
        self.size += ending_cost(ending)
        while self.size > most:
            self._drop()
        for _ in range(_MOST_DROPPED):
            if not self._is_old(ending.ended):
                break
            self._drop()

    def find(self, handle: bytes, now: float) -> Ending | None:
        """Return what became of the job with a handle, if it is known."""
        ending = self._by_handle.get(handle)
        return ending if ending is not None and ending.until > now else None

    def with_unique(self, unique: bytes, now: float) -> Iterator[Ending]:
        """Give the endings of jobs with a unique, the latest first."""
        ending = self._by_unique.get(unique)
        while ending is not None:
            if ending.until > now:
                yield ending
            ending = self.at(ending.older)

    def at(self, serial: int) -> Ending | None:
        """Return the ending with a serial, if it is there."""
        place = serial - self._first
        if self._begin <= place < len(self._endings):
            return self._endings[place]
        return None

    def first(self) -> int:
        """Return the serial of the oldest ending in memory."""
        return self._first + self._begin

    def following(self) -> int:
        """Return the serial of the next ending to come."""
        return self._first + len(self._endings)

    def _is_old(self, now: float) -> bool:
        if self._begin >= len(self._endings):
            return False
        oldest = self._endings[self._begin]
        return oldest is not None and oldest.until <= now

    def _drop(self) -> None:
        """Drop the oldest."""
        ending = self._endings[self._begin]
        assert ending is not None
        self._endings[self._begin] = None
        self._begin += 1
        if self._begin > _SPARE and self._begin * 2 > len(self._endings):
            del self._endings[: self._begin]
            self._first += self._begin
            self._begin = 0
        self.size -= ending_cost(ending)
        if self._by_handle.get(ending.handle) is ending:
            del self._by_handle[ending.handle]
        if ending.unique and self._by_unique.get(ending.unique) is ending:
            del self._by_unique[ending.unique]
