"""A place for one process of a target, filled again when the process ends."""

from __future__ import annotations

import random

from geartrain.supervisor.process import Process
from geartrain.supervisor.targets import Target

__all__ = [
    "AT_WORK_MOST",
    "AT_WORK_START",
    "BACKOFF_MOST",
    "BACKOFF_START",
    "STEADY",
    "Slot",
]

BACKOFF_START = 0.5
"""Seconds before a process is started again after it crashed without a job."""

BACKOFF_MOST = 30.0
"""It doubles from crash to crash until here."""

AT_WORK_START = 0.1
"""Seconds before one is started again that crashed at its work."""

AT_WORK_MOST = 1.0
"""They double until here while no process here ends a job before it crashes.

A job that kills its process is to keep the others waiting no longer than a process
takes to load; a function whose every job does so is not to keep the machine busy.
"""

STEADY = 30.0
"""A process that lived for so many seconds has put earlier crashes right."""


class Slot:
    """Where a process should be.

    Attributes:
        target: what is run here.
        process: that is here; None while one is waited for.
        due: when to start one, by the monotonic clock.
    """

    def __init__(self, target: Target) -> None:
        """Make an empty place, to be filled at once."""
        self.target = target
        self.process: Process | None = None
        self.due = 0.0
        self._crashes = 0
        self._crashes_at_work = 0

    def crashed(
        self, process: Process, now: float, most: float = BACKOFF_MOST
    ) -> float:
        """Empty the place after a crash; return how long to wait."""
        jobs_ended = process.board.done + process.board.failed
        if jobs_ended or now - process.started >= STEADY:
            self._crashes = self._crashes_at_work = 0
        if jobs_ended or process.board.jobs():
            pause = _doubled(AT_WORK_START, self._crashes_at_work, AT_WORK_MOST)
            self._crashes_at_work += 1
            self._crashes = 0
        else:
            pause = _doubled(BACKOFF_START, self._crashes, most)
            self._crashes += 1
        # Those that crash together do not come back together.
        pause *= random.uniform(0.8, 1.2)
        self.process = None
        self.due = now + pause
        return pause

    def vacated(self, now: float) -> None:
        """Empty the place after an end on purpose: the next process starts at once."""
        self._crashes = self._crashes_at_work = 0
        self.process = None
        self.due = now


def _doubled(first: float, times: int, most: float) -> float:
    return min(first * 2.0 ** min(times, 10), most)
