"""When a process is replaced by a fresh one."""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from random import SystemRandom

from geartrain.supervisor.options import ProcessLimits

__all__ = ["Recycling", "memory_of", "resident_memory"]

# Random fraction by which a process ends before its limit, so that not all end at once.
_JITTER = 0.1


class Recycling:
    """Decides between jobs whether the process should be replaced."""

    def __init__(self, limits: ProcessLimits, share: float | None = None) -> None:
        """Start the clock; ``share`` scales the limits, a random 0.9 to 1 if None."""
        if share is None:
            share = SystemRandom().uniform(1 - _JITTER, 1)
        self._jobs = None if limits.jobs is None else math.ceil(limits.jobs * share)
        self._end = None
        if limits.seconds is not None:
            self._end = time.monotonic() + limits.seconds * share
        self._memory = limits.memory

    @property
    def is_old(self) -> bool:
        """Return whether the process has reached its maximum age."""
        return self._end is not None and time.monotonic() >= self._end

    def reason(self, jobs: int) -> str:
        """Return why the process should end after ``jobs`` jobs, or an empty text."""
        if self._jobs is not None and jobs >= self._jobs:
            return f"{jobs} jobs"
        if self.is_old:
            return "its age"
        if self._memory is None:
            return ""
        memory = resident_memory()
        if memory > self._memory:
            return f"{memory / 1024**2:.0f} MiB of memory"
        return ""


def memory_of(process: int | str) -> int | None:
    """Return the resident bytes of a process; None if they are not known."""
    try:
        with open(f"/proc/{process}/statm", "rb", buffering=0) as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return None


def resident_memory() -> int:
    """Return the resident bytes of this process; the peak where only that is known."""
    known = memory_of("self")
    if known is None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return known
