"""Shelves: jobs of one window that only the store has, in the order they are read in.

A shelf knows behind which job its next page begins, and how far the reading has come.
That is one state, ``Phase``, with a table of what changes it; nothing else is kept.

A page may come back empty although jobs are counted: jobs were overtaken by others that
left memory later with lower numbers, or the store has lost them. So the shelf is then
searched from its beginning, once, before its jobs are given up for lost.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from geartrain.engine.timers import Timed

__all__ = ["AT_BEGINNING", "TABLE", "Phase", "Shelf", "ShelfEvent"]


class Phase(IntEnum):
    """How far the reading of a shelf has come."""

    REST = 0
    """Nothing on it is due."""

    DUE = 1
    """Something on it is to be read."""

    READING = 2
    """A page was asked for."""

    SEARCH = 3
    """What is counted was not found: it is to be read from its beginning."""

    SEARCHING = 4
    """A page of that search was asked for."""

    SEARCHED = 5
    """The search has found nothing for memory, and nothing more is due."""


class ShelfEvent(IntEnum):
    """What changes the phase of a shelf."""

    COME = 0
    """A job on it has come due."""

    ASK = 1
    """The next page is asked for."""

    FOUND = 2
    """The page had jobs for memory."""

    PASSED = 3
    """The page had none, or could not be read, but more may follow."""

    EMPTY = 4
    """There was nothing more to read."""

    REWIND = 5
    """A job was put on it, perhaps before the place where it is read."""

    RESTART = 6
    """It is to be read from its beginning."""


_REST: Final = Phase.REST
_DUE: Final = Phase.DUE
_READING: Final = Phase.READING
_SEARCH: Final = Phase.SEARCH
_SEARCHING: Final = Phase.SEARCHING
_SEARCHED: Final = Phase.SEARCHED

# By phase, what follows each event; where an event has none it cannot happen.
TABLE: Final[dict[Phase, dict[ShelfEvent, Phase]]] = {
    Phase.REST: {
        ShelfEvent.COME: Phase.DUE,
        ShelfEvent.REWIND: Phase.REST,
        ShelfEvent.RESTART: Phase.SEARCH,
    },
    Phase.DUE: {
        ShelfEvent.COME: Phase.DUE,
        ShelfEvent.ASK: Phase.READING,
        ShelfEvent.REWIND: Phase.DUE,
    },
    Phase.READING: {
        ShelfEvent.COME: Phase.READING,
        ShelfEvent.FOUND: Phase.DUE,
        ShelfEvent.PASSED: Phase.DUE,
        ShelfEvent.EMPTY: Phase.REST,
        ShelfEvent.REWIND: Phase.READING,
    },
    Phase.SEARCH: {
        ShelfEvent.COME: Phase.SEARCH,
        ShelfEvent.ASK: Phase.SEARCHING,
        ShelfEvent.REWIND: Phase.DUE,
    },
    Phase.SEARCHING: {
        ShelfEvent.COME: Phase.SEARCHING,
        ShelfEvent.FOUND: Phase.DUE,
        ShelfEvent.PASSED: Phase.SEARCH,
        ShelfEvent.EMPTY: Phase.SEARCHED,
        ShelfEvent.REWIND: Phase.READING,
    },
    Phase.SEARCHED: {
        ShelfEvent.COME: Phase.SEARCH,
        ShelfEvent.REWIND: Phase.REST,
        ShelfEvent.RESTART: Phase.SEARCH,
    },
}

# The same, looked up without hashing: hashing an enum runs Python code.
_NEXT: Final[list[list[Phase | None]]] = [
    [TABLE[phase].get(event) for event in ShelfEvent] for phase in Phase
]

# Due time and number, in the order of these: before every job, and behind every job.
AT_BEGINNING: Final = (0.0, 0)
_BEHIND_ALL: Final = (float("inf"), 0)


class Shelf(Timed):
    """Jobs that are read in one order: by number, or by due time on one clock.

    Its timer rings when the first of them is due.
    """

    def __init__(
        self, function: bytes, priority: int, is_steady: bool, queue_key: bytes = b""
    ) -> None:
        super().__init__()
        self.function = function
        """The name of the function whose jobs these are."""
        self.priority = priority
        """Their priority."""
        self.queue_key = queue_key
        """The flow key that they are of; empty for their function's own queue."""
        self.is_steady = is_steady
        """Their due times are server times; else they are the calendar's."""
        self.phase = _REST
        self.after = AT_BEGINNING
        """Due time and number of the job that the next page comes after."""
        self.next_due = 0.0
        """No job is due before this, but for those to be read now; 0 for none."""

    def note(self, event: ShelfEvent) -> None:
        """Change the phase as ``TABLE`` says.

        Raises:
            RuntimeError: this cannot happen in the phase that the shelf is in.
        """
        following = _NEXT[self.phase][event]
        if following is None:
            raise RuntimeError(f"{event.name} cannot come in {self.phase.name}")
        self.phase = following

    def is_due(self) -> bool:
        """Tell whether there is something to be read, or being read."""
        return self.phase is not _REST and self.phase is not _SEARCHED

    def is_wanting(self) -> bool:
        """Tell whether its next page is to be asked for."""
        return self.phase is _DUE or self.phase is _SEARCH

    def is_reading(self) -> bool:
        """Tell whether a page was asked for and has not come."""
        return self.phase is _READING or self.phase is _SEARCHING

    def is_searched(self) -> bool:
        """Tell whether the search has come to its end."""
        return self.phase is _SEARCHED

    def is_quiet(self) -> bool:
        """Tell whether nothing is to be read, now or at a time that is known."""
        return not self.is_due() and self.next_due == 0

    def ask(self) -> tuple[float, int]:
        """Begin to read a page; return behind which job it begins."""
        after = self.after
        # From here on this is about jobs that the answer does not know.
        self.after = _BEHIND_ALL
        self.next_due = 0.0
        self.note(ShelfEvent.ASK)
        return after

    def rewind(self, due: float, number: int) -> None:
        """Begin the next page before a job that may have been passed over."""
        self.note(ShelfEvent.REWIND)
        self.after = min(self.after, (due, number - 1))

    def restart(self) -> None:
        """Read it from its beginning."""
        self.after = AT_BEGINNING
        self.note(ShelfEvent.RESTART)

    def expect(self, due: float, now: float) -> bool:
        """Note that a job is due at a time; tell whether that is the earliest yet."""
        is_earliest = self.next_due == 0 or due < self.next_due
        if is_earliest:
            self.next_due = due
        if due <= now:
            self.note(ShelfEvent.COME)
        return is_earliest
