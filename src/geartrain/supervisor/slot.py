"""A place for one process of a target, filled again when the process ends."""

from __future__ import annotations

from geartrain.backoff import varied_pause
from geartrain.supervisor.process import Process
from geartrain.supervisor.targets import Target

__all__ = [
    "AT_WORK_MOST",
    "AT_WORK_START",
    "BACKOFF_MOST",
    "BACKOFF_START",
    "STEADY",
    "ProcessSlot",
]

BACKOFF_START = 0.5
"""Seconds until a process is started again that crashed without a job."""

BACKOFF_MOST = 30.0
"""Maximum of that pause, which doubles from crash to crash."""

AT_WORK_START = 0.1
"""Seconds until a process is started again that crashed while it ran jobs."""

AT_WORK_MOST = 1.0
"""Maximum of that pause, which doubles while no process here ends a job before it
crashes.

A job that kills its process should delay the others no longer than a process takes to
load. But a function whose every job does so should not keep the machine busy.
"""

STEADY = 30.0
"""Seconds that a process has to live for earlier crashes to be forgotten."""

# By which factors a pause varies.
_SPREAD = (0.8, 1.2)


class ProcessSlot:
    """Where a process should be.

    Attributes:
        target: what is run here.
        process: the process that runs here; None while there is none.
        due: when to start the next process, by the monotonic clock.
        starts: how many processes have been here.
        last_end: how the last of them ended; empty if none has.
    """

    def __init__(self, target: Target) -> None:
        """Make an empty slot, to be filled at once."""
        self.target = target
        self.process: Process | None = None
        self.due = 0.0
        self.starts = 0
        self.last_end = ""
        self._crashes = 0
        self._crashes_at_work = 0

    def take(self, process: Process) -> None:
        """Have a process here that was just started."""
        self.process = process
        self.starts += 1

    def crashed(
        self, process: Process, now: float, most: float = BACKOFF_MOST
    ) -> float:
        """Empty the slot after a crash; return the seconds until the next start."""
        jobs_ended = process.scoreboard.done + process.scoreboard.failed
        if jobs_ended or now - process.started >= STEADY:
            self._crashes = self._crashes_at_work = 0
        if jobs_ended or process.scoreboard.jobs():
            tries = AT_WORK_START, AT_WORK_MOST, self._crashes_at_work
            self._crashes_at_work += 1
            self._crashes = 0
        else:
            tries = BACKOFF_START, most, self._crashes
            self._crashes += 1
        pause = varied_pause(*tries, _SPREAD)
        self.process = None
        self.due = now + pause
        return pause

    def vacated(self, now: float) -> None:
        """Empty the slot after an intended end: the next process starts at once."""
        self._crashes = self._crashes_at_work = 0
        self.process = None
        self.due = now
