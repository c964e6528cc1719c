"""History: what became of the jobs that ended last.

It is bounded in bytes: the oldest endings go first, however long their policies would
keep them; those whose policies keep them for more than an hour the store has, too. They
are kept, and go, in pages: every job that ends is added, few are ever
asked for. So to add one costs no more than a place in a list, and where those of a page
are, by handle and by unique, is noted when somebody first looks into it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from geartrain.engine.endings import Ending, ending_cost

__all__ = ["History"]

# Endings of a page. To note where they are takes a tenth of a millisecond.
_PAGE: Final = 1024
# A page has at most this part of the bytes that all may take: as much goes at once.
_PART: Final = 16


class _Page:
    """Endings that follow each other."""

    def __init__(self, first: int) -> None:
        self.first = first
        """The serial of the first."""
        self.endings: list[Ending] = []
        """The endings, in their order."""
        self.size = 0
        """The bytes that they take."""
        self.until = 0.0
        """When none of them is to be kept any more, a server time."""
        self._noted = 0
        self._by_handle: dict[bytes, Ending] = {}
        self._by_unique: dict[bytes, int] = {}

    def add(self, ending: Ending, size: int) -> None:
        """Add an ending that takes ``size`` bytes."""
        self.endings.append(ending)
        self.size += size
        if ending.until > self.until:  # noqa: PLR1730 - as in counts.bucket
            self.until = ending.until

    def with_handle(self, handle: bytes) -> Ending | None:
        """Return the last ending of a job with a handle."""
        self._note()
        return self._by_handle.get(handle)

    def with_unique(self, unique: bytes) -> Iterator[Ending]:
        """Give the endings of jobs with a unique, the latest first."""
        self._note()
        place = self._by_unique.get(unique, -1)
        while place >= 0:
            ending = self.endings[place]
            yield ending
            place = ending.older

    def _note(self) -> None:
        """Note where those are that were added since somebody last looked."""
        for place in range(self._noted, len(self.endings)):
            ending = self.endings[place]
            self._by_handle[ending.handle] = ending
            if ending.unique:
                ending.older = self._by_unique.get(ending.unique, -1)
                self._by_unique[ending.unique] = place
        self._noted = len(self.endings)


class History:
    """The endings that are kept, in their order.

    Each has a serial, from 1: its place among all that ever were.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        """The most bytes that it takes."""
        self.size = 0
        """The bytes that it takes."""
        self.is_stored = False
        """The store has endings, too."""
        self._open = _Page(1)
        self._pages = [self._open]

    def __len__(self) -> int:
        return self.following() - self.first()

    def resume(self, last: int) -> None:
        """Go on after the last serial of an earlier life; 0 for none."""
        self._open = _Page(last + 1)
        self._pages = [self._open]
        self.is_stored = last > 0

    def take_in(self, last: int) -> None:
        """Know of endings that another job server has left in the store, if any."""
        self.is_stored = self.is_stored or last > 0

    def add(self, ending: Ending, most: int) -> None:
        """Add an ending; drop the oldest pages beyond ``most`` bytes and their time."""
        page = self._open
        if len(page.endings) >= _PAGE or page.size * _PART >= most:
            page = self._begin(ending.ended)
        size = ending_cost(ending)
        page.add(ending, size)
        self.size += size
        while self.size > most:
            self._drop()

    def find(self, handle: bytes, now: float) -> Ending | None:
        """Return what became of the job with a handle, if it is known."""
        for page in reversed(self._pages):
            ending = page.with_handle(handle)
            if ending is not None:
                return ending if ending.until > now else None
        return None

    def with_unique(self, unique: bytes, now: float) -> Iterator[Ending]:
        """Give the endings of jobs with a unique, the latest first."""
        for page in reversed(self._pages):
            for ending in page.with_unique(unique):
                if ending.until > now:
                    yield ending

    def at(self, serial: int) -> Ending | None:
        """Return the ending with a serial, if it is there."""
        page = self._pages[bisect_right(self._pages, serial, 1, key=_first) - 1]
        place = serial - page.first
        return page.endings[place] if 0 <= place < len(page.endings) else None

    def first(self) -> int:
        """Return the serial of the oldest ending in memory."""
        return self._pages[0].first

    def following(self) -> int:
        """Return the serial of the next ending to come."""
        return self._open.first + len(self._open.endings)

    def _begin(self, now: float) -> _Page:
        """Begin a page, and drop those whose time has passed."""
        self._open = _Page(self._open.first + len(self._open.endings))
        self._pages.append(self._open)
        while len(self._pages) > 1 and self._pages[0].until <= now:
            self._drop()
        return self._open

    def _drop(self) -> None:
        """Drop the oldest page."""
        page = self._pages.pop(0)
        self.size -= page.size
        if not self._pages:
            self._open = _Page(page.first + len(page.endings))
            self._pages.append(self._open)


def _first(page: _Page) -> int:
    return page.first
