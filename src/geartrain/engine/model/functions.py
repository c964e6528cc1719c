"""Functions: what jobs are sent to and workers register for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.model.jobs import Job, JobQueue
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.statistics import Statistics
from geartrain.engine.timers import Timed
from geartrain.engine.window.windows import Window

if TYPE_CHECKING:
    from geartrain.engine.model.crews import Crew
    from geartrain.engine.model.peers import Peer
    from geartrain.engine.model.schedules import Schedule

__all__ = ["Function"]


class Function(Timed):
    """One function with its jobs and its workers.

    Its timer rings when a ready job may have waited longer than its time to live.
    """

    def __init__(self, name: bytes, policy: Policy) -> None:  # noqa: PLR0915 - as many attributes
        super().__init__()
        self.name = name
        """The function's name."""
        self.policy = policy
        """How its jobs are treated; ``state.functions.policy`` updates it."""
        self.policy_version = 0
        """The version of ``Policies`` that it was read from."""
        self.recurring: dict[bytes, Schedule] = {}
        """Its schedules by their identity."""
        self.ready: list[JobQueue] = [JobQueue(), JobQueue(), JobQueue()]
        """The queues of jobs that can run now, by priority."""
        self.windows: list[Window] = [Window(name, each) for each in range(3)]
        """Which waiting jobs are in memory, by priority."""
        self.running: dict[Job, None] = {}
        """The jobs that have a worker."""
        self.scheduled: dict[Job, None] = {}
        """The jobs whose time has not come."""
        self.scheduled_counts = [0, 0, 0]
        """How many are scheduled, by priority."""
        self.scheduled_bytes = 0
        """The bytes of the scheduled jobs' workloads."""
        self.tentative: dict[Job, None] = {}
        """Jobs that may be twins of stored ones; the store will say."""
        self.keyed: dict[bytes, Job] = {}
        """The jobs that a submission with the same key joins."""
        self.workers: dict[Peer, None] = {}
        """The peers with this ability."""
        self.crews: dict[Crew, None] = {}
        """The crews of its workers, the oldest first."""
        self.promised: dict[Peer, None] = {}
        """The workers woken for this function's ready jobs."""
        self.limits: list[int] = [0, 0, 0]
        """Maximum number of jobs, by the priority of a new one (0: no limit)."""
        self.is_named = False
        """An operator created it or gave it limits; it stays until dropped."""
        self.dead = 0
        """How many dead letters it has."""
        self.statistics = Statistics(name)
        """What happened to its jobs; ``state.statistics`` counts."""

    def ready_count(self) -> int:
        """Return how many jobs in memory can run now."""
        ready = self.ready
        return ready[0].size() + ready[1].size() + ready[2].size()

    def paged_count(self) -> int:
        """Return how many jobs only the store has."""
        windows = self.windows
        return windows[0].size() + windows[1].size() + windows[2].size()

    def job_count(self) -> int:
        """Return how many jobs there are, running and scheduled ones included."""
        waiting = self.ready_count() + self.paged_count() + len(self.tentative)
        return waiting + len(self.running) + len(self.scheduled)

    def delayed_count(self) -> int:
        """Return how many jobs wait for a time, which may have come for some paged."""
        windows = self.windows
        paged = windows[0].delayed + windows[1].delayed + windows[2].delayed
        return len(self.scheduled) + paged

    def waiting_now(self) -> int:
        """Return how many jobs could run now, in memory or not."""
        waiting = self.job_count() - len(self.running) - len(self.tentative)
        return waiting - self.delayed_count()

    def waiting_since(self) -> float | None:
        """Return since when the first ready job waits, a server time, if that is known.

        Where all are in the store, the next page will tell.
        """
        since: float | None = None
        for queue in self.ready:
            job = queue.head()
            if job is not None and (since is None or job.waiting_since() < since):
                since = job.waiting_since()
        return since

    def waiting_count(self, priority: int) -> int:
        """Return how many jobs of a priority wait, scheduled ones included."""
        waiting = self.ready[priority].size() + self.windows[priority].size()
        return waiting + self.scheduled_counts[priority]

    def is_unused(self) -> bool:
        """Tell whether nothing would be lost or out of sight if it were forgotten."""
        if self.workers or self.is_named or self.dead or self.recurring:
            return False
        if self.job_count() or self.promised:
            return False
        return all(window.is_at_rest() for window in self.windows)

    def is_full(self, priority: int) -> bool:
        """Tell whether ``maxqueue`` refuses one more job of this priority."""
        limit = self.limits[priority]
        return 0 < limit <= self.job_count()

    def first(self, priority: int) -> Job | None:
        """Return the job of this priority that a worker may have next, if any."""
        return None if self.policy.paused else self.ready[priority].head()

    def grabbable_count(self) -> int:
        """Return how many jobs workers may have now."""
        return 0 if self.policy.paused else self.ready_count()

    def unpromised(self) -> bool:
        """Tell whether there is a job to be had that no woken worker is coming for."""
        return self.grabbable_count() > len(self.promised)
