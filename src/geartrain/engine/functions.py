"""Functions: what jobs are sent to and workers register for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.jobs import Job, JobQueue

if TYPE_CHECKING:
    from geartrain.engine.crews import Crew
    from geartrain.engine.peers import Peer

__all__ = ["Function"]


class Function:
    """One function with its jobs and its workers.

    Attributes:
        name: the function's name.
        ready: the queues of jobs that can run now, by priority.
        running: the jobs that have a worker.
        scheduled: the jobs whose time has not come.
        keyed: the jobs that a submission with the same key joins.
        workers: the peers with this ability.
        crews: the groups those workers are in.
        promised: the workers woken for this function's ready jobs.
        limits: the most jobs taken, by the priority of the one submitted; 0 is none.
    """

    __slots__ = (
        "crews",
        "keyed",
        "limits",
        "name",
        "promised",
        "ready",
        "running",
        "scheduled",
        "workers",
    )

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.ready: list[JobQueue] = [JobQueue(), JobQueue(), JobQueue()]
        self.running: dict[Job, None] = {}
        self.scheduled: dict[Job, None] = {}
        self.keyed: dict[bytes, Job] = {}
        self.workers: dict[Peer, None] = {}
        self.crews: list[Crew] = []
        self.promised: dict[Peer, None] = {}
        self.limits: list[int] = [0, 0, 0]

    def ready_count(self) -> int:
        """Return how many jobs can run now."""
        ready = self.ready
        return ready[0].size() + ready[1].size() + ready[2].size()

    def job_count(self) -> int:
        """Return how many jobs there are, running and scheduled ones included."""
        return self.ready_count() + len(self.running) + len(self.scheduled)

    def is_full(self, priority: int) -> bool:
        """Tell whether ``maxqueue`` refuses one more job of this priority."""
        limit = self.limits[priority]
        return 0 < limit <= self.job_count()

    def unpromised(self) -> bool:
        """Tell whether there is a ready job that no woken worker is coming for."""
        return self.ready_count() > len(self.promised)
