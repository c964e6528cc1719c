"""Flow keys: jobs of a function that share places and a rate, such as an account's.

Where a policy limits keys, the jobs of each that may not start yet are *held*: they
wait in queues of their key's own. Those that may start are moved to the function's
queues, a few of each key at a time, and each time at the tail: so keys take turns, and
workers and wake-ups never meet a job that may not start. Where the order is ``fifo``,
all jobs without a key are of one that is empty and without limits.

Jobs that are for one worker alone are of a key that stands for it: this key holds them,
whatever the policy says, until that worker takes them from it.

Keys live as long as they have jobs, or a rate remembers that some have started.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from geartrain.engine.model.addressees import (
    ABSENCE,
    CONNECTION,
    addressee_of,
    is_addressed,
)
from geartrain.engine.model.jobs import HELD, READY, RUNNING, Job, JobQueue
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.rates import Bucket, Rate, read_rate
from geartrain.engine.model.settings import NONE
from geartrain.engine.model.shares import Share, part_of
from geartrain.engine.timers import Timed
from geartrain.engine.window.windows import PagedCount, Window

if TYPE_CHECKING:
    from geartrain.engine.model.peers import Peer

__all__ = ["FlowKey", "FlowKeys", "has_keys"]

# Jobs of a key that wait in their function's queues at a time. It is the turn that a
# key has among others: each more lets as many workers be woken at once.
_TURN: Final = 8


def has_keys(policy: Policy) -> bool:
    """Tell whether a policy holds jobs by their flow keys."""
    return (
        policy.key_concurrency > 0
        or policy.order == "fifo"
        or read_rate(policy.key_rate) is not None
    )


class FlowKey(Timed):
    """The jobs of one function and flow key.

    Its timer rings when one more may start, or when its rate has forgotten the last.
    """

    def __init__(self, function: bytes, name: bytes) -> None:
        super().__init__()
        self.function = function
        """The function's name."""
        self.name = name
        """The flow key."""
        self.addressee = addressee_of(name)
        """Who alone may take its jobs; empty for anybody."""
        self.absent_since = 0.0
        """Since when the addressee is not connected, a server time; 0 if it is."""
        self.coming: dict[Peer, None] = {}
        """The workers that were woken for its jobs."""
        self.ready: dict[Job, None] = {}
        """Those of its jobs in its function's queues."""
        self.running: dict[Job, None] = {}
        """Those that have a worker."""
        self.held: list[JobQueue | None] = [None, None, None]
        """The queues of those that may not start yet, by priority."""
        self._held = 0
        self.windows: list[Window | None] = [None, None, None]
        """Which of those that may not start are in memory, by priority."""
        self.bucket = Bucket()
        """What is left of the rate of its jobs."""
        self.resumes = 0.0
        """None of its jobs starts before this server time."""
        self.alarm_at = 0.0
        """What its timer is set to."""
        self.is_settling = False
        """Its jobs are being moved."""

    def held_count(self) -> int:
        """Return how many held jobs are in memory."""
        return self._held

    def paged_count(self) -> int:
        """Return how many held jobs only the store has."""
        count = 0
        for window in self.windows:
            if window is not None:
                count += window.size()
        return count

    def waiting_count(self) -> int:
        """Return how many jobs of it wait that are not delayed."""
        return self.held_count() + self.paged_count() + len(self.ready)

    def first_held(self, is_fifo: bool) -> Job | None:
        """Return the held job in memory that is to start next."""
        if not self._held:
            return None
        found: Job | None = None
        for queue in self.held:
            job = None if queue is None else queue.head()
            if job is None:
                continue
            if not is_fifo:
                return job
            if found is None or job.number < found.number:
                found = job
        return found

    def limit(self, policy_ttl: float) -> tuple[float, float]:
        """Return how long its held jobs without a time to live may wait.

        That is for so many seconds each (0: no limit), or all until a server time (0:
        whenever): the policy may give them a time to live, and who waits for an absent
        addressee has ``ABSENCE`` else. One that cannot come back is not waited for.
        """
        if policy_ttl > 0 or self.absent_since == 0:
            return policy_ttl, 0.0
        absence = 0.0 if self.addressee.startswith(CONNECTION) else ABSENCE
        return 0.0, self.absent_since + absence

    def next_expiry(self, policy_ttl: float) -> float:
        """Return the server time until which the first of these may wait; 0: any."""
        seconds, until = self.limit(policy_ttl)
        if seconds <= 0 and until <= 0:
            return 0.0
        first = 0.0
        for queue in self.held:
            job = None if queue is None else queue.first_without_ttl()
            if job is not None:
                expiry = until if until > 0 else job.waiting_since() + seconds
                first = expiry if first == 0 else min(first, expiry)
        return first

    def is_over(self, now: float) -> bool:
        """Tell whether nothing is left of it, and its rate has forgotten its jobs."""
        if self._held or self.ready or self.running:
            return False
        if self.is_settling or self.bucket.full_at > now:
            return False
        for window in self.windows:
            if window is not None and (window.size() or not window.is_at_rest()):
                return False
        return True

    def enter(self, job: Job, is_fifo: bool) -> None:
        """Hold a job: at the head of its queue if it was ready already."""
        queue = self.held[job.priority]
        if queue is None:
            queue = self.held[job.priority] = JobQueue()
        if is_fifo:
            queue.insert(job)
        elif job in self.ready:
            queue.push_first(job)
        else:
            queue.push(job)
        self._held += 1

    def leave(self, job: Job) -> None:
        """Hold a job no more."""
        queue = self.held[job.priority]
        assert queue is not None
        queue.remove(job)
        self._held -= 1


class FlowKeys:
    """The flow keys of one function, and what its policy says of each."""

    def __init__(self, function: bytes) -> None:
        self.function = function
        """The function's name."""
        self.live: dict[bytes, FlowKey] = {}
        """Those that have jobs, by name."""
        self.held = [0, 0, 0]
        """How many held jobs of all are in memory, by priority."""
        self.held_bytes = 0
        """The bytes of their workloads."""
        self.paged = [PagedCount(), PagedCount(), PagedCount()]
        """How many only the store has, by priority."""
        self.wanting: OrderedDict[Window, None] = OrderedDict()
        """The windows that are to be read as soon as there is room."""
        self.is_limited = False
        """New jobs are held; else those are let go that are still here."""
        self.is_fifo = False
        """They start strictly in the order of their numbers."""
        self.concurrency = 0
        """How many jobs of a key may run at once; 0 is without limit."""
        self.rate: Rate | None = None
        """How many jobs of a key may start in which time."""
        self.ttl = 0.0
        """Seconds that held jobs may wait which have no time to live of their own."""
        self.mail: dict[FlowKey, None] = {}
        """The keys that hold jobs for one worker alone."""
        self.pointer = ""
        """Where in workloads the key is, if the submission has none; empty for nowhere.
        """

    def adapt(self, policy: Policy, share: Share) -> bool:
        """Go on with what a policy says from now on, and with a part of its limits.

        Returns whether these differ from what they were.
        """
        before = (self.is_limited, self.is_fifo, self.concurrency, self.rate, self.ttl)
        self.is_limited = has_keys(policy)
        self.is_fifo = policy.order == "fifo"
        self.concurrency = part_of(share, policy.key_concurrency)
        rate = read_rate(policy.key_rate, policy.burst, share.servers)
        if rate is None or self.rate is None or not rate.is_like(self.rate):
            self.rate = rate
        self.ttl = policy.ttl
        self.pointer = "" if policy.key_from == NONE else policy.key_from
        after = (self.is_limited, self.is_fifo, self.concurrency, self.rate, self.ttl)
        return before != after

    def held_count(self) -> int:
        """Return how many held jobs are in memory."""
        return self.held[0] + self.held[1] + self.held[2]

    def held_jobs(self) -> list[Job]:
        """Return the held jobs in memory, walking all keys."""
        found: list[Job] = []
        for key in self.live.values():
            for queue in key.held:
                if queue is not None:
                    found += queue.jobs()
        return found

    def paged_count(self) -> int:
        """Return how many held jobs only the store has."""
        return self.paged[0].size() + self.paged[1].size() + self.paged[2].size()

    def delayed_count(self) -> int:
        """Return how many of these wait for a time."""
        return self.paged[0].delayed + self.paged[1].delayed + self.paged[2].delayed

    def find(self, job: Job) -> FlowKey | None:
        """Return a job's key, if it has one that lives."""
        return self.live.get(job.flow_key)

    def obtain(self, name: bytes) -> FlowKey:
        """Return the key of a name, which lives from now on."""
        key = self.live.get(name)
        if key is None:
            key = self.live[name] = FlowKey(self.function, name)
        return key

    def holder(self, job: Job) -> FlowKey | None:
        """Return the key that may hold a job, if one does."""
        if is_addressed(job.flow_key):
            return self.obtain(job.flow_key)
        if not self.is_limited or not (job.flow_key or self.is_fifo):
            return None
        return self.obtain(job.flow_key)

    def window(self, name: bytes, priority: int) -> Window:
        """Return the window of a key, which lives from now on."""
        key = self.obtain(name)
        window = key.windows[priority]
        if window is None:
            window = Window(self.function, priority, name, self.paged[priority])
            key.windows[priority] = window
        return window

    def holds(self, job: Job, now: float) -> bool:
        """Tell whether a job that could run otherwise has to wait for its key."""
        key = self.holder(job)
        if key is None:
            return False
        first = key.first_held(self.is_fifo)
        if first is not None and not self._precedes(job, first):
            return True
        return not self.may_start(key, now)

    def may_start(self, key: FlowKey, now: float) -> bool:
        """Tell whether one more job of a key may start, those that are ready apart."""
        return self._room(key, now) > 0

    def _room(self, key: FlowKey, now: float) -> int:
        """Return how many more jobs of a key may be ready; below 0, too many are."""
        ready = len(key.ready)
        if key.addressee or key.resumes > now:
            return -ready
        room = (1 if self.is_fifo else _TURN) - ready
        if not key.name:
            return room
        if self.concurrency > 0:
            room = min(room, self.concurrency - len(key.running) - ready)
        if self.rate is not None:
            room = min(room, key.bucket.count_at(self.rate, now) - ready)
        return room

    def following(self, key: FlowKey, now: float) -> Job | None:
        """Return the job of a key that is to be moved next.

        It is a held one that may start, or a ready one that another goes before.
        """
        room = self._room(key, now)
        if room < 0 and key.ready:
            return next(reversed(key.ready))
        first = key.first_held(self.is_fifo)
        if first is None or room > 0:
            return first
        for job in reversed(key.ready):
            if self._precedes(first, job):
                return job
        return None

    def is_behind(self, key: FlowKey, job: Job) -> bool:
        """Tell whether a job that has just come leaves all others of its key in place.

        It may start, or others that are held go before it.
        """
        if key.addressee or self.ttl > 0:
            # Its worker may be asleep, or its time to live the first to be over.
            return False
        if job.state is READY:
            return True
        return job.state is HELD and key.first_held(self.is_fifo) is not job

    def _precedes(self, job: Job, other: Job) -> bool:
        if self.is_fifo:
            return job.number < other.number
        return job.priority < other.priority

    def note(self, job: Job, now: float) -> FlowKey | None:
        """Note the state that a job has now; return its key, if it lives."""
        key = self.live.get(job.flow_key)
        if key is None:
            return None
        if job.state is READY:
            key.ready[job] = None
        else:
            key.ready.pop(job, None)
        if job.state is not RUNNING:
            key.running.pop(job, None)
        elif job not in key.running:
            key.running[job] = None
            if self.rate is not None and key.name and not key.addressee:
                key.bucket.take(self.rate, now)
        return key

    def hold(self, job: Job) -> None:
        """Put a job into its key's queue: at the head if it was ready already."""
        self.obtain(job.flow_key).enter(job, self.is_fifo)
        self.held[job.priority] += 1
        self.held_bytes += job.size

    def grow(self, job: Job, size: int) -> None:
        """Note that the workload of a held job has ``size`` bytes more."""
        queue = self.live[job.flow_key].held[job.priority]
        assert queue is not None
        queue.grow(size)
        self.held_bytes += size

    def let_go(self, job: Job) -> None:
        """Take a job from its key's queue."""
        self.live[job.flow_key].leave(job)
        self.held[job.priority] -= 1
        self.held_bytes -= job.size

    def next_at(self, key: FlowKey, now: float) -> float:
        """Return when something of a key is to be done; 0 for never."""
        start = self._next_start(key, now)
        expiry = key.next_expiry(self.ttl) if key.held_count() else 0.0
        return min(start, expiry) if start > 0 and expiry > 0 else start + expiry

    def _next_start(self, key: FlowKey, now: float) -> float:
        """Return when one more may start, or its rate has forgotten the last."""
        if key.resumes > now:
            return key.resumes
        if self.rate is None or key.addressee:
            return 0.0
        ready = len(key.ready)
        if key.held_count() + key.paged_count() > 0:
            count = key.bucket.count_at(self.rate, now)
            if count <= ready < self.rate.burst:
                return key.bucket.when(self.rate, ready + 1)
        return key.bucket.full_at if key.bucket.full_at > now else 0.0
