"""Jobs, and the first-in-first-out queues of those that are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geartrain._mypyc import mypyc_attr
from geartrain.engine.model.collected import Collected
from geartrain.engine.model.submission_options import NOT_GIVEN, kept_number
from geartrain.engine.records import Failures, JobRecord, Move, StoredJob

if TYPE_CHECKING:
    from geartrain.engine.model.functions import Function
    from geartrain.engine.model.peers import Peer

__all__ = [
    "BEHIND",
    "FINISHED",
    "HELD",
    "MOST_JOINED",
    "NOBODY",
    "PAGED",
    "READY",
    "RUNNING",
    "SCHEDULED",
    "STATES",
    "SUBMITTED",
    "TENTATIVE",
    "Job",
    "JobQueue",
    "JobState",
    "kept_job",
    "move_of",
    "own_ttl",
    "past_of",
    "record_of",
]


class JobState:
    """Where a job is; ``jobs.life`` says which state may follow which.

    Not an enum: to look two of its members up in a table takes 230 instructions more.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        """Its place in ``STATES``."""
        self.name = name
        """What it is called."""

    def __repr__(self) -> str:
        return self.name


SUBMITTED: Final = JobState(0, "submitted")
TENTATIVE: Final = JobState(1, "tentative")
SCHEDULED: Final = JobState(2, "scheduled")
READY: Final = JobState(3, "ready")
HELD: Final = JobState(4, "held")
RUNNING: Final = JobState(5, "running")
PAGED: Final = JobState(6, "paged")
FINISHED: Final = JobState(7, "finished")
BEHIND: Final = JobState(8, "behind")
STATES: Final = (
    SUBMITTED,
    TENTATIVE,
    SCHEDULED,
    READY,
    HELD,
    RUNNING,
    PAGED,
    FINISHED,
    BEHIND,
)

# The other clients of every job that one or none waits for; never changed, so that
# such a job needs no table of its own.
NOBODY: Final[dict[Peer, None]] = {}

# A client that submits the same job more often is told its results this often: ample
# for one that has a task for each submission, and cheap enough for one packet.
MOST_JOINED: Final = 10_000


@mypyc_attr(acyclic=True)
class Job(StoredJob):
    """One job, from its submission until it has finished.

    Its timer rings when it is due, or has run too long.
    """

    def __init__(  # noqa: PLR0915 - as many attributes
        self,
        function: Function,
        unique: bytes,
        workload: bytes,
        more: list[bytes],
        priority: int,
    ) -> None:
        super().__init__(0, b"", unique, workload, more, priority)
        self.size = len(workload)
        if more:
            self.size += sum(len(piece) for piece in more)
        self.function = function
        """What it is sent to."""
        self.batch = 0
        """The batch that makes it durable; 0 for a job that is not kept."""
        self.record: JobRecord | None = None
        """What of it is to be written, until it is."""
        self.background = False
        """A submitter does not wait for it: it runs even if no client is left."""
        self.is_forwarded = False
        """Another job server has given it to this one, which gives it to no third."""
        self.is_doubled = False
        """That one shares the store, and counts it and tells of it for both."""
        self.state = SUBMITTED
        """Where it is."""
        self.client: Peer | None = None
        """A peer that waits for it; None if nobody does. ``Peer.awaited`` has how often
        each submitted it.
        """
        self.others = NOBODY
        """The others that do, if there is one."""
        self.joined = 0
        """How many more submissions of its clients joined it."""
        self.worker: Peer | None = None
        """The peer that runs it."""
        self.started = 0.0
        """When its attempt began, a server time."""
        self.numerator = b"0"
        """As its worker last reported it, verbatim."""
        self.denominator = b"0"
        """As its worker last reported it, verbatim."""
        self.collected: Collected | None = None
        """What its worker has sent of a result that is to be kept; None for others."""
        # Its neighbours in a JobQueue, which alone touches them.
        self.preceding: Job | None = None
        self.following: Job | None = None

    def waiting_since(self) -> float:
        """Return the server time from which it waits, once it is ready."""
        since = self.due if self.due > self.submitted else self.submitted
        if self.failures is not None and self.failures.ended > since:
            return self.failures.ended
        return since

    def is_awaited(self) -> bool:
        """Tell whether a client waits for it."""
        return self.client is not None

    def clients(self) -> list[Peer]:
        """Return the peers that wait for it."""
        return [] if self.client is None else [self.client, *self.others]

    def add_client(self, client: Peer) -> None:
        """Add a peer that waits for it."""
        if self.client is None:
            self.client = client
        elif self.others:
            self.others[client] = None
        else:
            self.others = {client: None}

    def remove_client(self, client: Peer) -> None:
        """Remove a peer that waits for it."""
        if client is not self.client:
            self.others.pop(client, None)
        else:
            # The first of many would be found ever more slowly as they leave.
            self.client = self.others.popitem()[0] if self.others else None


def own_ttl(job: Job) -> float:
    """Return the seconds that a job alone may wait (0: no limit).

    Returns ``NOT_GIVEN`` where its submission did not say.
    """
    return kept_number(job.options, b"ttl") if job.options else NOT_GIVEN


def kept_job(function: Function, record: JobRecord) -> Job:
    """Return the background job that a store has kept."""
    job = Job(function, record.unique, record.workload, record.more, record.priority)
    job.take(record)
    job.background = True
    return job


def record_of(job: Job) -> JobRecord:
    """Return what a store is to keep of a job."""
    record = JobRecord(job.number, job.handle, job.function.name)
    record.take(job)
    return record


def move_of(job: Job) -> Move:
    """Return where a store is to keep a job from now on."""
    return Move(
        job.number,
        job.function.name,
        job.priority,
        job.due,
        job.is_steady,
        job.queue_key,
    )


def past_of(job: Job) -> Failures | None:
    """Return failures that count none, but tell the story of those before."""
    if job.failures is None or not job.failures.story:
        return None
    failures = Failures()
    failures.story = job.failures.story
    return failures


class JobQueue:
    """A first-in-first-out queue from whose middle a job can be removed in O(1)."""

    def __init__(self) -> None:
        self._bytes = 0
        self._head: Job | None = None
        self._tail: Job | None = None
        self._length = 0
        # How many have a time to live of their own, and while there are any, the first
        # that has none.
        self._own = 0
        self._without: Job | None = None

    def __len__(self) -> int:
        return self._length

    def size(self) -> int:
        """Return the number of jobs, as ``len`` does but without its cost."""
        return self._length

    def workload(self) -> int:
        """Return the bytes of all workloads."""
        return self._bytes

    def head(self) -> Job | None:
        """Return the job at the head, or None."""
        return self._head

    def first_without_ttl(self) -> Job | None:
        """Return the first job without a time to live of its own, or None.

        As no other entered before it, it is the next to outlive the policy's.
        """
        return self._without if self._own else self._head

    def push(self, job: Job) -> None:
        """Add a job at the tail."""
        if job.options or self._own:
            self._tell_apart(job)
        job.preceding = self._tail
        if self._tail is None:
            self._head = job
        else:
            self._tail.following = job
        self._tail = job
        self._length += 1
        self._bytes += job.size

    def grow(self, size: int) -> None:
        """Note that the workload of one of the jobs has ``size`` bytes more."""
        self._bytes += size

    def push_first(self, job: Job) -> None:
        """Add a job at the head."""
        if job.options or self._own:
            self._tell_inserted(job, self._head)
        job.following = self._head
        if self._head is None:
            self._tail = job
        else:
            self._head.preceding = job
        self._head = job
        self._length += 1
        self._bytes += job.size

    def insert(self, job: Job) -> None:
        """Add a job before the first one with a higher number.

        That is nearly always the tail, or the head where a job is to run again.
        """
        if self._tail is None or self._tail.number < job.number:
            self.push(job)
            return
        after = self._head
        while after is not None and after.number < job.number:
            after = after.following
        before = None if after is None else after.preceding
        if before is None or after is None:
            self.push_first(job)
            return
        if job.options or self._own:
            self._tell_inserted(job, after)
        job.preceding, job.following = before, after
        before.following = after.preceding = job
        self._length += 1
        self._bytes += job.size

    def _tell_apart(self, job: Job) -> None:
        """Note whether a job that is about to enter has a time to live of its own."""
        if own_ttl(job) >= 0:
            if not self._own:
                self._without = self._head
            self._own += 1
        elif self._without is None:
            self._without = job

    def _tell_inserted(self, job: Job, following: Job | None) -> None:
        """Note the same of a job that is about to enter before another."""
        if own_ttl(job) >= 0:
            if not self._own:
                self._without = self._head
            self._own += 1
            return
        while following is not None and own_ttl(following) >= 0:
            following = following.following
        if following is self._without:
            self._without = job

    def _pass_on(self, job: Job) -> None:
        """Note that a job is about to leave.

        Each job is passed by at most once while it is here, however many those with a
        time to live of their own are.
        """
        if own_ttl(job) >= 0:
            self._own -= 1
            if not self._own:
                self._without = None
        elif job is self._without:
            following = job.following
            while following is not None and own_ttl(following) >= 0:
                following = following.following
            self._without = following

    def remove(self, job: Job) -> None:
        """Take out a job that is in this queue."""
        if self._own:
            self._pass_on(job)
        before, after = job.preceding, job.following
        if before is None:
            self._head = after
        else:
            before.following = after
        if after is None:
            self._tail = before
        else:
            after.preceding = before
        job.preceding = None
        job.following = None
        self._length -= 1
        self._bytes -= job.size

    def jobs(self) -> list[Job]:
        """Return all jobs in order, walking the queue."""
        found = []
        job = self._head
        while job is not None:
            found.append(job)
            job = job.following
        return found
