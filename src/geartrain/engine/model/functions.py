"""Functions: what jobs are sent to and workers register for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.model.counters import Counters
from geartrain.engine.model.jobs import Job, JobQueue
from geartrain.engine.model.policies import Policy
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

    Attributes:
        name: the function's name.
        policy: how its jobs are treated; ``State.policy`` brings it up to date first.
        policy_version: the version of all policies that it is of.
        ready: the queues of jobs that can run now, by priority.
        windows: which waiting jobs are in memory, by priority.
        running: the jobs that have a worker.
        scheduled: the jobs whose time has not come.
        scheduled_counts: how many they are, by priority.
        scheduled_bytes: the bytes of their workloads.
        tentative: the jobs of which the store has to say whether they are others'
            twins.
        keyed: the jobs that a submission with the same key joins.
        workers: the peers with this ability.
        crews: the groups those workers are in, the oldest first.
        promised: the workers woken for this function's ready jobs.
        recurring: its schedules by their identity.
        limits: the most jobs taken, by the priority of the one submitted; 0 is none.
        is_named: an operator created it or gave it limits; it stays until dropped.
        dead: how many dead letters it has.
        counters: what has become of its jobs.
    """

    __slots__ = (
        "counters",
        "crews",
        "dead",
        "is_named",
        "keyed",
        "limits",
        "name",
        "policy",
        "policy_version",
        "promised",
        "ready",
        "recurring",
        "running",
        "scheduled",
        "scheduled_bytes",
        "scheduled_counts",
        "tentative",
        "windows",
        "workers",
    )

    def __init__(self, name: bytes, policy: Policy) -> None:
        super().__init__()
        self.name = name
        self.policy = policy
        self.policy_version = 0
        self.recurring: dict[bytes, Schedule] = {}
        self.ready: list[JobQueue] = [JobQueue(), JobQueue(), JobQueue()]
        self.windows: list[Window] = [Window(name, each) for each in range(3)]
        self.running: dict[Job, None] = {}
        self.scheduled: dict[Job, None] = {}
        self.scheduled_counts = [0, 0, 0]
        self.scheduled_bytes = 0
        self.tentative: dict[Job, None] = {}
        self.keyed: dict[bytes, Job] = {}
        self.workers: dict[Peer, None] = {}
        self.crews: dict[Crew, None] = {}
        self.promised: dict[Peer, None] = {}
        self.limits: list[int] = [0, 0, 0]
        self.is_named = False
        self.dead = 0
        self.counters = Counters()

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

    def unpromised(self) -> bool:
        """Tell whether there is a ready job that no woken worker is coming for."""
        return self.ready_count() > len(self.promised)
