"""The clocks a job server goes by."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

__all__ = ["Clock", "Reading"]

# A reading that took longer, in seconds, was interrupted: it says nothing.
_LONGEST_READING: Final = 0.0002

# On a busy machine each reading may be interrupted.
_MOST_READINGS: Final = 100

# Linux's clock that goes on while the machine sleeps. Elsewhere, as on macOS, the time
# it slept is not known, and delays wait for it to pass again.
_BOOTTIME: Final = getattr(time, "CLOCK_BOOTTIME", None)


class Reading(NamedTuple):
    """How the clocks relate, in seconds.

    Attributes:
        offset: what to add to the steady clock for the seconds since 1970.
        asleep: for how long the steady clock has stood still because the machine
            slept, since it was started.
    """

    offset: float
    asleep: float


class Clock:
    """The system's clocks; one that is moved by hand replaces all three functions.

    Attributes:
        monotonic: the steady clock, in seconds; it never goes back.
        time: the calendar's, in seconds since 1970.
        sleepless: the steady clock's time, and the time that the machine slept.
    """

    def __init__(self) -> None:
        self.monotonic = time.monotonic
        self.time = time.time
        self.sleepless = time.monotonic if _BOOTTIME is None else _boottime

    def read(self) -> Reading | None:
        """Return how the clocks relate; None if this was interrupted, so try later."""
        start = self.monotonic()
        reading = self._read()
        return None if self.monotonic() - start > _LONGEST_READING else reading

    def read_first(self) -> Reading:
        """Return how the clocks relate, as well as a machine that is busy can tell."""
        for _ in range(_MOST_READINGS):
            reading = self.read()
            if reading is not None:
                return reading
        return self._read()

    def _read(self) -> Reading:
        # In this order, so that what takes a moment has a date come late, not early.
        wall_time = self.time()
        now = self.monotonic()
        return Reading(wall_time - now, self.sleepless() - now)


def _boottime() -> float:
    assert _BOOTTIME is not None
    return time.clock_gettime(_BOOTTIME)
