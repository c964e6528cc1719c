"""Backlogs: jobs of a function and priority that only the store has.

The engine keeps a window of waiting jobs in memory; what does not fit is written to
the store, forgotten, and paged in as the window drains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.timers import Timed

if TYPE_CHECKING:
    from geartrain.engine.functions import Function

__all__ = ["Backlog"]


class Backlog(Timed):
    """What the store alone has of one function and priority.

    Its timer rings when the first of its delayed jobs is due.

    Attributes:
        function: the function.
        priority: ``Priority`` as a number.
        ready: how many of its jobs have no due time.
        delayed: how many have one.
        after: the number behind which the next page of the ready ones begins.
        due_after: due time and number behind which the next page of the delayed
            ones begins.
        next_due: no delayed one is due before this, in seconds since 1970; 0 for
            none.
        leaving: how many of its jobs the engine has not yet forgotten.
        is_due: a delayed one is due.
        is_paging: a page of the ready ones was asked for.
        is_paging_due: a page of the delayed ones was asked for.
        is_paused: a page could not be read; the timer rings to ask again.
        is_complete: pages of the ready ones are read again from the first one, and
            have had nothing for memory since.
        is_complete_due: so are those of the delayed ones.
        damaged: the numbers of jobs that cannot be read, which are not counted.
    """

    __slots__ = (
        "after",
        "damaged",
        "delayed",
        "due_after",
        "function",
        "is_complete",
        "is_complete_due",
        "is_due",
        "is_paging",
        "is_paging_due",
        "is_paused",
        "leaving",
        "next_due",
        "priority",
        "ready",
    )

    def __init__(self, function: Function, priority: int) -> None:
        super().__init__()
        self.function = function
        self.priority = priority
        self.ready = 0
        self.delayed = 0
        self.after = 0
        self.due_after: tuple[float, int] = (0.0, 0)
        self.next_due = 0.0
        self.leaving = 0
        self.is_due = False
        self.is_paging = False
        self.is_paging_due = False
        self.is_paused = False
        self.is_complete = False
        self.is_complete_due = False
        self.damaged: set[int] = set()

    def size(self) -> int:
        """Return how many jobs only the store has."""
        return self.ready + self.delayed

    def is_at_rest(self) -> bool:
        """Tell whether nothing of it is awaited or damaged in the store."""
        is_paging = self.is_paging or self.is_paging_due or self.is_paused
        return not (is_paging or self.leaving or self.damaged)

    def gain(self, number: int, due: float) -> None:
        """Count one more job, to be paged in again in its turn."""
        if due <= 0:
            self.ready += 1
        else:
            self.delayed += 1
        self.rewind(number, due)

    def rewind(self, number: int, due: float) -> None:
        """Begin the next page before a job that may have been passed over."""
        if due <= 0:
            self.is_complete = False
            self.after = min(self.after, number - 1)
        else:
            self.is_complete_due = False
            self.due_after = min(self.due_after, (due, number - 1))

    def give(self, due: float) -> None:
        """Count one job less: it is in memory, or has ended."""
        if due <= 0:
            self.ready -= 1
        else:
            self.delayed -= 1
