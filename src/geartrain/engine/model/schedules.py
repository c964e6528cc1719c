"""Recurring jobs: what SUBMIT_JOB_SCHED leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geartrain.engine.model.functions import Function
from geartrain.engine.timers import Timed

__all__ = ["CALENDAR", "Calendar", "Schedule", "no_calendar"]

# Units of work, as ``turns`` counts it, of finding a schedule's next time.
CALENDAR: Final = 200

# Given the five fields of a schedule and a time in seconds since 1970, returns the
# first time after it that the fields name; raises ValueError, saying why, when
# they name none.
Calendar = Callable[[list[bytes], float], float]


def no_calendar(fields: list[bytes], after: float) -> float:
    """Refuse every schedule: for an engine whose driver brings no calendar."""
    raise ValueError("this job server has no calendar")


class Schedule(Timed):
    """A job to be submitted in the background again and again."""

    def __init__(
        self, number: int, handle: bytes, function: Function, unique: bytes
    ) -> None:
        super().__init__()
        self.number = number
        """The number in its handle."""
        self.handle = handle
        """The name the job server gave it; its jobs get their own."""
        self.function = function
        """What its jobs are sent to."""
        self.unique = unique
        """Its jobs' unique."""
        self.key = b""
        """What its jobs coalesce by; with the function its own identity, unless it is
        empty.
        """
        self.workload = b""
        """Its jobs' workload; of a large one, the piece that arrived first."""
        self.more: list[bytes] = []
        """The pieces that follow ``workload``."""
        self.headers = b""
        """Its jobs' headers, as ``protocol.headers`` joins them; empty for none."""
        self.fields: list[bytes] = []
        """Minute, hour, day, month and weekday as submitted."""
        self.due = 0.0
        """When its next job is submitted, by the calendar, in seconds since 1970."""
        self.ran = 0.0
        """The last time its job was submitted for, in seconds since 1970 (0: never)."""
        self.shift = 0.0
        """``State.calendar_shift`` when ``due`` was found."""
        self.is_lost = False
        """The calendar could not say, and is asked again at ``due``."""

    def identity(self) -> bytes:
        """Return what names it within its function: its key, or else its handle."""
        # No key begins with a NUL byte.
        return self.key or b"\0" + self.handle
