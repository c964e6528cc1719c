"""Functions: what jobs are sent to and workers register for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from geartrain.engine.model.flow_keys import FlowKeys
from geartrain.engine.model.flows import Flow
from geartrain.engine.model.jobs import TENTATIVE, Job, JobQueue
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.statistics import Statistics
from geartrain.engine.timers import Timed
from geartrain.engine.window.windows import Window

if TYPE_CHECKING:
    from geartrain.engine.model.crews import Crew
    from geartrain.engine.model.peers import Peer
    from geartrain.engine.model.schedules import Schedule

__all__ = ["Function"]

# Flow keys that are looked at for one with a held job.
_MOST_KEYS: Final = 100


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
        self.flow: Flow | None = None
        """What its policy lets start now; None for a function without such limits."""
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
        self.behind: dict[Job, None] = {}
        """Jobs that could run if another one with their key did not."""
        self.keyed: dict[bytes, Job] = {}
        """The jobs that a submission with the same key joins."""
        self.elders: dict[bytes, Job] = {}
        """Where two jobs have one key, the older of them; ``keyed`` has the younger.
        They never run at the same time.
        """
        self.workers: dict[Peer, None] = {}
        """The peers with this ability."""
        self.unserved_since = 0.0
        """When its last worker left, a server time; 0 if it never had one."""
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

    def keys(self) -> FlowKeys | None:
        """Return its flow keys; None if it has no use for any."""
        return None if self.flow is None else self.flow.keys

    def make_keys(self) -> FlowKeys:
        """Return its flow keys, made if need be."""
        if self.flow is None:
            self.flow = Flow(self.name)
        keys = self.flow.make_keys()
        keys.ttl = self.policy.ttl
        return keys

    def window(self, priority: int, queue_key: bytes) -> Window:
        """Return the window of a queue, made if need be."""
        if not queue_key:
            return self.windows[priority]
        return self.make_keys().window(queue_key, priority)

    def has_window(self, window: Window) -> bool:
        """Tell whether a window is one of its own."""
        if not window.queue_key:
            return self.windows[window.priority] is window
        keys = self.keys()
        key = None if keys is None else keys.live.get(window.queue_key)
        return key is not None and key.windows[window.priority] is window

    def held_count(self) -> int:
        """Return how many jobs in memory wait for their flow key."""
        keys = self.keys()
        return 0 if keys is None else keys.held_count()

    def paged_count(self) -> int:
        """Return how many jobs only the store has."""
        windows = self.windows
        paged = windows[0].size() + windows[1].size() + windows[2].size()
        keys = self.keys()
        return paged if keys is None else paged + keys.paged_count()

    def held_total(self) -> int:
        """Return how many jobs wait for a rate or a place, in memory or not."""
        flow = self.flow
        if flow is None:
            return 0
        windows = self.windows
        waiting = windows[0].ready + windows[1].ready + windows[2].ready
        waiting += self.ready_count()
        held = max(0, waiting - max(0, flow.open))
        keys = flow.keys
        if keys is not None and keys.is_limited:
            held += keys.held_count() + keys.paged_count() - keys.delayed_count()
        return held

    def next_start(self, now: float) -> float:
        """Return the server time at which its rate lets a held job start; 0 for none.

        None does while all places are taken, or nothing is held by the function.
        """
        flow = self.flow
        if flow is None or flow.open > 0 or not self.ready_count():
            return 0.0
        if 0 < flow.concurrency <= len(self.running):
            return 0.0
        return flow.next_at(now)

    def key_count(self) -> int:
        """Return how many flow keys live: of each there are jobs, or there were."""
        keys = self.keys()
        return 0 if keys is None else len(keys.live)

    def job_count(self) -> int:
        """Return how many jobs there are, running and scheduled ones included."""
        waiting = self.ready_count() + self.paged_count() + len(self.tentative)
        waiting += self.held_count() + len(self.behind)
        return waiting + len(self.running) + len(self.scheduled)

    def delayed_count(self) -> int:
        """Return how many jobs wait for a time, which may have come for some paged."""
        windows = self.windows
        paged = windows[0].delayed + windows[1].delayed + windows[2].delayed
        keys = self.keys()
        if keys is not None:
            paged += keys.delayed_count()
        return len(self.scheduled) + paged

    def waiting_now(self) -> int:
        """Return how many jobs could run now, in memory or not."""
        waiting = self.job_count() - len(self.running) - len(self.tentative)
        return waiting - self.delayed_count()

    def waiting_total(self) -> int:
        """Return how many jobs wait, for a time or anything else."""
        return self.job_count() - len(self.running)

    def waiting_since(self) -> float | None:
        """Return since when the first ready job waits, a server time, if that is known.

        Where all are in the store, the next page will tell.
        """
        since: float | None = None
        for queue in self.ready:
            job = queue.head()
            if job is not None and (since is None or job.waiting_since() < since):
                since = job.waiting_since()
        if since is None:
            job = self.first_held()
            return None if job is None else job.waiting_since()
        return since

    def oldest(self, priority: int) -> Job | None:
        """Return the first job of a priority in memory that is ready, or is held.

        Of many flow keys only the oldest are looked at.
        """
        found = self.ready[priority].head()
        keys = self.keys()
        if keys is None or not keys.held[priority]:
            return found
        for key in islice(keys.live.values(), _MOST_KEYS):
            queue = key.held[priority]
            job = None if queue is None else queue.head()
            if job is not None and (found is None or job.number < found.number):
                found = job
        return found

    def first_held(self) -> Job | None:
        """Return the next job of the oldest flow key that holds one, if one is near."""
        keys = self.keys()
        if keys is None or not keys.held_count():
            return None
        for key in islice(keys.live.values(), _MOST_KEYS):
            job = key.first_held(keys.is_fifo)
            if job is not None:
                return job
        return None

    def waiting_count(self, priority: int) -> int:
        """Return how many jobs of a priority wait, scheduled ones included."""
        waiting = self.ready[priority].size() + self.windows[priority].size()
        keys = self.keys()
        if keys is not None:
            waiting += keys.held[priority] + keys.paged[priority].size()
        return waiting + self.scheduled_counts[priority]

    def is_unused(self) -> bool:
        """Tell whether nothing would be lost or out of sight if it were forgotten."""
        if self.workers or self.is_named or self.dead or self.recurring:
            return False
        if self.job_count() or self.promised or self.key_count():
            return False
        return all(window.is_at_rest() for window in self.windows)

    def is_full(self, priority: int) -> bool:
        """Tell whether ``maxqueue`` refuses one more job of this priority."""
        limit = self.limits[priority]
        return 0 < limit <= self.job_count()

    def enter_key(self, job: Job) -> None:
        """Let submissions with a job's key join it; a third with the key loses it."""
        key = job.key
        known = self.keyed.get(key)
        if known is None or known is job or known.state is TENTATIVE:
            # A tentative submission with the same key will turn out to be its twin.
            self.keyed[key] = job
        elif key in self.elders:
            job.key = b""
        elif job.number < known.number:
            self.elders[key] = job
        else:
            self.elders[key], self.keyed[key] = known, job

    def leave_key(self, job: Job) -> None:
        """Let no submission join a job any more."""
        key = job.key
        elder = self.elders.pop(key, None) if self.elders else None
        if elder is None:
            if self.keyed.get(key) is job:
                del self.keyed[key]
        elif elder is not job:
            self.keyed[key] = elder

    def twin(self, job: Job) -> Job | None:
        """Return the other of the two jobs that have a job's key, if there are two."""
        elder = self.elders.get(job.key)
        return self.keyed.get(job.key) if elder is job else elder

    def is_open(self) -> bool:
        """Tell whether a worker may have a job of it, if one is ready."""
        flow = self.flow
        return not self.policy.paused and (flow is None or flow.open > 0)

    def first(self, priority: int) -> Job | None:
        """Return the job of this priority that a worker may have next, if any."""
        return self.ready[priority].head() if self.is_open() else None

    def first_for_nodes(self, priority: int) -> Job | None:
        """Return the same of a node, which is given no job that was given to us.

        One that is first is about to run here, and those behind it wait that long.
        """
        job = self.first(priority)
        return None if job is None or job.is_forwarded else job

    def is_for_nodes(self) -> bool:
        """Tell whether a node may have a job of it."""
        return (
            self.first_for_nodes(0) is not None
            or self.first_for_nodes(1) is not None
            or self.first_for_nodes(2) is not None
        )

    def grabbable_count(self) -> int:
        """Return how many jobs workers may have now."""
        if self.policy.paused:
            return 0
        flow = self.flow
        ready = self.ready_count()
        return ready if flow is None or ready < flow.open else flow.open

    def unpromised(self) -> bool:
        """Tell whether there is a job to be had that no woken worker is coming for."""
        return self.grabbable_count() > len(self.promised)
