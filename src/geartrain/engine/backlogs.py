"""Backlogs: jobs of a function and priority that only the store has.

The engine keeps a window of waiting jobs in memory; what does not fit is written to
the store, forgotten, and paged in as the window drains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.timers import Timed

if TYPE_CHECKING:
    from geartrain.engine.functions import Function

__all__ = ["Agenda", "Backlog"]


class Agenda(Timed):
    """The delayed jobs of a backlog whose due times are by one clock.

    Its timer rings when the first of them is due.

    Attributes:
        function: the function of the backlog, which counts them.
        priority: the backlog's.
        is_steady: these times are server times; else they are the calendar's.
        after: due time and number behind which their next page begins.
        next_due: none is due before this; 0 if there is none.
        is_due: one is due.
        is_paging: a page of them was asked for.
        is_complete: pages are read again from the first one, and have had nothing for
            memory since.
    """

    __slots__ = (
        "after",
        "function",
        "is_complete",
        "is_due",
        "is_paging",
        "is_steady",
        "next_due",
        "priority",
    )

    def __init__(self, function: Function, priority: int, is_steady: bool) -> None:
        super().__init__()
        self.function = function
        self.priority = priority
        self.is_steady = is_steady
        self.after: tuple[float, int] = (0.0, 0)
        self.next_due = 0.0
        self.is_due = False
        self.is_paging = False
        self.is_complete = False

    def backlog(self) -> Backlog:
        """Return the backlog, by way of its function: see ``Function.dissolve``."""
        return self.function.backlogs[self.priority]

    def wants_page(self) -> bool:
        """Tell whether a page is to be asked for: one is due, and none is awaited."""
        return self.is_due and not self.is_paging


class Backlog(Timed):
    """What the store alone has of one function and priority.

    Its timer rings when a pause has passed.

    Attributes:
        function: the function.
        priority: ``Priority`` as a number.
        ready: how many of its jobs have no due time.
        delayed: how many have one.
        waits: those of them whose due time is a server time.
        dates: those whose due time is one by the calendar.
        after: the number behind which the next page of the ready ones begins.
        leaving: how many of its jobs the engine has not yet forgotten.
        is_paging: a page of the ready ones was asked for.
        is_paused: a page could not be read; the timer rings to ask again.
        is_complete: pages of the ready ones are read again from the first one, and
            have had nothing for memory since.
        damaged: the numbers of jobs that cannot be read, which are not counted.
        oversized: the numbers of those too large for memory, not counted in these two.
    """

    __slots__ = (
        "after",
        "damaged",
        "dates",
        "delayed",
        "function",
        "is_complete",
        "is_paging",
        "is_paused",
        "leaving",
        "oversized",
        "priority",
        "ready",
        "waits",
    )

    def __init__(self, function: Function, priority: int) -> None:
        super().__init__()
        self.function = function
        self.priority = priority
        self.ready = 0
        self.delayed = 0
        self.waits = Agenda(function, priority, True)
        self.dates = Agenda(function, priority, False)
        self.after = 0
        self.leaving = 0
        self.is_paging = False
        self.is_paused = False
        self.is_complete = False
        self.damaged: set[int] = set()
        self.oversized: set[int] = set()

    def size(self) -> int:
        """Return how many jobs only the store has."""
        return self.ready + self.delayed + len(self.oversized)

    def is_due(self) -> bool:
        """Tell whether a delayed one is due."""
        return self.waits.is_due or self.dates.is_due

    def is_at_rest(self) -> bool:
        """Tell whether nothing of it is awaited, or left in the store."""
        is_paging = self.is_paging or self.waits.is_paging or self.dates.is_paging
        is_left = self.damaged or self.oversized
        return not (is_paging or self.is_paused or self.leaving or is_left)

    def agenda(self, is_steady: bool) -> Agenda:
        """Return the delayed jobs by server time, or else those by the calendar."""
        return self.waits if is_steady else self.dates

    def gain(self, number: int, due: float, is_steady: bool = False) -> None:
        """Count one more job, to be paged in again in its turn."""
        if due <= 0:
            self.ready += 1
        else:
            self.delayed += 1
        self.rewind(number, due, is_steady)

    def rewind(self, number: int, due: float, is_steady: bool = False) -> None:
        """Begin the next page before a job that may have been passed over."""
        if due <= 0:
            self.is_complete = False
            self.after = min(self.after, number - 1)
        else:
            agenda = self.agenda(is_steady)
            agenda.is_complete = False
            agenda.after = min(agenda.after, (due, number - 1))

    def give(self, due: float) -> None:
        """Count one job less: it is in memory, or has ended."""
        if due <= 0:
            self.ready -= 1
        else:
            self.delayed -= 1
