"""A place for one process of a target, filled again when the process ends."""

from __future__ import annotations

import random

from geartrain.supervisor.process import Process
from geartrain.supervisor.targets import Target

__all__ = ["BACKOFF_MOST", "BACKOFF_START", "STEADY", "Slot"]

BACKOFF_START = 0.5
"""Seconds before a process is started again after it crashed."""

BACKOFF_MOST = 30.0
"""It doubles from crash to crash until here."""

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

    def crashed(
        self, process: Process, now: float, most: float = BACKOFF_MOST
    ) -> float:
        """Empty the place after a crash; return how long to wait."""
        if now - process.started >= STEADY:
            self._crashes = 0
        pause: float = min(BACKOFF_START * 2.0 ** min(self._crashes, 10), most)
        # Those that crash together do not come back together.
        pause *= random.uniform(0.8, 1.2)
        self._crashes += 1
        self.process = None
        self.due = now + pause
        return pause

    def vacated(self, now: float) -> None:
        """Empty the place after an end on purpose: the next process starts at once."""
        self._crashes = 0
        self.process = None
        self.due = now
