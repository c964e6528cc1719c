"""Counters: what has become of a function's jobs since the job server started."""

from __future__ import annotations

__all__ = ["Counters"]


class Counters:
    """Totals of one function.

    Attributes:
        submitted: jobs submitted, those that joined another not included.
        completed: jobs that ended by WORK_COMPLETE.
        failed: attempts that ended by WORK_FAIL or WORK_EXCEPTION.
        crashed: attempts that ended because the worker was lost.
        timed_out: attempts that ran too long.
        retried: attempts that were followed by another.
        dead: background jobs that failed for good.
        cancelled: jobs ended by ``cancel job``.
        expired: jobs that waited longer than their time to live.
        refused_results: results that came for a job that was given away.
    """

    __slots__ = (
        "cancelled",
        "completed",
        "crashed",
        "dead",
        "expired",
        "failed",
        "refused_results",
        "retried",
        "submitted",
        "timed_out",
    )

    def __init__(self) -> None:
        self.submitted = 0
        self.completed = 0
        self.failed = 0
        self.crashed = 0
        self.timed_out = 0
        self.retried = 0
        self.dead = 0
        self.cancelled = 0
        self.expired = 0
        self.refused_results = 0

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
