"""Counters: what has become of a function's jobs since the job server started."""

from __future__ import annotations

__all__ = ["Counters"]


class Counters:
    """Totals of one function."""

    def __init__(self) -> None:
        self.submitted = 0
        """Jobs submitted, those that joined another not included."""
        self.completed = 0
        """Jobs that ended by WORK_COMPLETE."""
        self.failed = 0
        """Attempts that ended by WORK_FAIL or WORK_EXCEPTION."""
        self.crashed = 0
        """Attempts that ended because the worker was lost."""
        self.timed_out = 0
        """Attempts that ran too long."""
        self.retried = 0
        """Attempts that were followed by another."""
        self.dead = 0
        """Background jobs that failed for good."""
        self.cancelled = 0
        """Jobs ended by ``cancel job``."""
        self.expired = 0
        """Jobs that waited longer than their time to live."""
        self.refused_results = 0
        """Results that came for a job that was given away."""

    def add(self, other: Counters) -> None:
        """Count what another has counted, too."""
        self.submitted += other.submitted
        self.completed += other.completed
        self.failed += other.failed
        self.crashed += other.crashed
        self.timed_out += other.timed_out
        self.retried += other.retried
        self.dead += other.dead
        self.cancelled += other.cancelled
        self.expired += other.expired
        self.refused_results += other.refused_results
