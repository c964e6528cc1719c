"""Windows: which waiting jobs of a function and priority are in memory.

A limited number wait in memory. The others are written to the store, forgotten, and
read again, a page at a time, as those in memory become fewer. A window counts what the
store alone has, and returns what it wants read; whether there is memory for that is
decided elsewhere.

There are three shelves: jobs without a due time, by number, and those with one, by due
time on each of the two clocks: a step of the calendar changes the order on neither.

>>> window = Window(b"resize", 1)
>>> window.gain(7, 0.0, False)
>>> [page.after for page in window.read(100, 0, 0.0, 0.0)]
[0]
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.queries import DuePage, Page
from geartrain.engine.timers import Timed
from geartrain.engine.window.shelves import Shelf, ShelfEvent

__all__ = ["PagedCount", "Window"]

# What most windows have of jobs that cannot be read; never changed.
_NO_NUMBERS: Final[set[int]] = set()


class PagedCount:
    """How many jobs only the store has, of several windows."""

    def __init__(self) -> None:
        self.ready = 0
        """How many have no due time."""
        self.delayed = 0
        """How many have one."""
        self.oversized = 0
        """How many are too large for memory."""

    def size(self) -> int:
        """Return how many there are."""
        return self.ready + self.delayed + self.oversized


class Window(Timed):
    """What the store alone has of one function and priority, and one flow key or none.

    Its timer rings when a pause has passed after which it is read again.
    """

    def __init__(
        self,
        function: bytes,
        priority: int,
        queue_key: bytes = b"",
        paged: PagedCount | None = None,
    ) -> None:
        super().__init__()
        self.function = function
        """The function's name."""
        self.priority = priority
        """``Priority`` as a number."""
        self.queue_key = queue_key
        """The flow key; empty for the jobs in their function's own queue."""
        self.ready = 0
        """How many of its jobs have no due time."""
        self.delayed = 0
        """How many have one."""
        self._paged = paged
        self.leaving = 0
        """How many of its jobs are in memory still, until their batch is durable."""
        self.damaged = _NO_NUMBERS
        """Numbers of jobs that cannot be read; they are not counted."""
        self.oversized = _NO_NUMBERS
        """Numbers of jobs too large for memory; ``size`` alone counts them."""
        self.numbers = Shelf(function, priority, False, queue_key)
        """Those without a due time."""
        self.waits = Shelf(function, priority, True, queue_key)
        """Those whose due time is a server time."""
        self.dates = Shelf(function, priority, False, queue_key)
        """Those whose due time is the calendar's."""
        # What is without a due time is to be read whenever there is some.
        self.numbers.note(ShelfEvent.COME)

    def size(self) -> int:
        """Return how many jobs only the store has."""
        return self.ready + self.delayed + len(self.oversized)

    def shelf(self, is_steady: bool) -> Shelf:
        """Return the delayed jobs by server time, or else those by the calendar."""
        return self.waits if is_steady else self.dates

    def is_due(self) -> bool:
        """Tell whether a delayed job is due."""
        return self.delayed > 0 and (self.waits.is_due() or self.dates.is_due())

    def is_at_rest(self) -> bool:
        """Tell whether nothing of it is awaited, or left in the store."""
        if self.timer or self.leaving or self.damaged or self.oversized:
            return False
        return not (
            self.numbers.is_reading()
            or self.waits.is_reading()
            or self.dates.is_reading()
        )

    def is_wanting(self) -> bool:
        """Tell whether it wants something read."""
        if not (self.ready or self.delayed) or self.timer:
            return False
        wants_ready = self.ready > 0 and self.numbers.is_wanting()
        return wants_ready or self.waits.is_wanting() or self.dates.is_wanting()

    def gain(self, number: int, due: float, is_steady: bool) -> None:
        """Count one more job, to be read again in its turn."""
        self._count(due, 1)
        self.rewind(number, due, is_steady)

    def rewind(self, number: int, due: float, is_steady: bool) -> None:
        """Begin the next page before a job that may have been passed over."""
        shelf = self.numbers if due <= 0 else self.shelf(is_steady)
        shelf.rewind(max(due, 0.0), number)

    def give(self, number: int, due: float) -> None:
        """Count one job less: it is in memory, or has ended."""
        if number in self.oversized:
            self.oversized = self.oversized - {number}
            if self._paged is not None:
                self._paged.oversized -= 1
        elif number in self.damaged:
            # The store was mended meanwhile.
            self.damaged = self.damaged - {number}
        else:
            self._count(due, -1)

    def begin(self, ready: int, delayed: int) -> None:
        """Count what a store has kept."""
        self._count(0.0, ready)
        self._count(1.0, delayed)

    def _count(self, due: float, change: int) -> None:
        """Count jobs that have, or have not, a due time."""
        if due <= 0:
            self.ready += change
        else:
            self.delayed += change
        if self._paged is not None:
            if due <= 0:
                self._paged.ready += change
            else:
                self._paged.delayed += change

    def ring(self, shelf: Shelf) -> None:
        """Note that the time has come that one of its shelves expected."""
        if self.delayed > 0:
            shelf.note(ShelfEvent.COME)
        else:
            shelf.next_due = 0.0

    def go_on(self) -> None:
        """Read on after a pause."""
        if self.delayed > 0:
            self.waits.note(ShelfEvent.COME)
            self.dates.note(ShelfEvent.COME)

    def read(
        self, most: int, largest: int, server_time: float, wall_time: float
    ) -> list[Page | DuePage]:
        """Return what is to be read next, for ``turn`` to be called with the answers.

        Args:
            most: how many jobs a page has at most.
            largest: the bytes of the largest workload to read; 0 is without limit.
            server_time: what is due by it is read.
            wall_time: the same by the calendar, in seconds since 1970.
        """
        pages: list[Page | DuePage] = []
        if self.ready > 0 and self.numbers.is_wanting():
            after = self.numbers.ask()[1]
            page = Page(self.function, self.priority, after, most, largest)
            page.queue_key = self.queue_key
            pages.append(page)
        for shelf in (self.waits, self.dates):
            if shelf.is_wanting():
                now = server_time if shelf.is_steady else wall_time
                after_due = shelf.ask()
                due_page = DuePage(
                    self.function,
                    self.priority,
                    after_due,
                    now,
                    most,
                    shelf.is_steady,
                    largest,
                )
                due_page.queue_key = self.queue_key
                pages.append(due_page)
        return pages

    def leave_in_store(self, query: Page | DuePage) -> tuple[list[int], list[int]]:
        """Count no more what cannot be taken into memory.

        Returns the numbers of jobs that are found damaged, and of those that are found
        too large, for the first time.
        """
        damaged = set(query.damaged) - self.damaged
        oversized = set(query.oversized) - self.oversized
        self.damaged = self.damaged | damaged
        self.oversized = self.oversized | oversized
        if self._paged is not None:
            self._paged.oversized += len(oversized)
        due = 0.0 if isinstance(query, Page) else 1.0
        self._count(due, -len(damaged) - len(oversized))
        return sorted(damaged), sorted(oversized)

    def turn(self, query: Page | DuePage, is_any: bool, now: float) -> int:
        """Take the answer to what ``read`` returned.

        Args:
            query: with its answer; its jobs have been counted by ``give``.
            is_any: it had jobs for memory.
            now: the time by the clock of the page.

        Returns:
            How many jobs are counted that the store does not have; they are no more.
        """
        if isinstance(query, Page):
            return self._turn_numbers(query, is_any)
        return self._turn_due(query, is_any, now)

    def _turn_numbers(self, query: Page, is_any: bool) -> int:
        shelf = self.numbers
        numbers = [record.number for record in query.records]
        numbers += query.damaged
        numbers += query.oversized
        shelf.after = min(shelf.after, (0.0, max(numbers, default=query.after)))
        if is_any or numbers or query.error:
            shelf.note(ShelfEvent.FOUND if is_any else ShelfEvent.PASSED)
            return 0
        shelf.note(ShelfEvent.EMPTY)
        lost = 0
        if self.ready > 0 and self.leaving == 0:
            if query.after > 0 and not shelf.is_searched():
                shelf.restart()
                return 0
            lost = self.ready
            self._count(0.0, -lost)
        shelf.note(ShelfEvent.COME)
        return lost

    def _turn_due(self, query: DuePage, is_any: bool, now: float) -> int:
        shelf = self.shelf(query.is_steady)
        last = query.after
        if query.records:
            last = (query.records[-1].due, query.records[-1].number)
        shelf.after = min(shelf.after, last)
        if is_any or query.records or query.error:
            shelf.note(ShelfEvent.FOUND if is_any else ShelfEvent.PASSED)
            return 0
        shelf.note(ShelfEvent.EMPTY)
        if shelf.next_due == 0 or 0 < query.next_due < shelf.next_due:
            shelf.next_due = query.next_due
        if 0 < shelf.next_due <= now:
            shelf.note(ShelfEvent.COME)
        if self.delayed > 0 and self.waits.is_quiet() and self.dates.is_quiet():
            return self._search(shelf)
        return 0

    def _search(self, shelf: Shelf) -> int:
        """Look for delayed jobs that are counted but were not found.

        Returns how many there are if they have been looked for already.
        """
        if self.leaving:
            shelf.note(ShelfEvent.COME)
        elif not (self.waits.is_searched() and self.dates.is_searched()):
            self.waits.restart()
            self.dates.restart()
        else:
            lost = self.delayed
            self._count(1.0, -lost)
            return lost
        return 0
