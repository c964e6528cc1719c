"""The job server's memory, and the life of a job: every transition is here.

A job is ``scheduled``, ``ready``, ``running`` or gone, and each method that moves
it takes it out of the one place and puts it into the other.
"""

from __future__ import annotations

import itertools

from geartrain.engine.functions import Function
from geartrain.engine.jobs import (
    FINISHED,
    NOBODY,
    READY,
    RUNNING,
    SCHEDULED,
    SUBMITTED,
    Job,
)
from geartrain.engine.journal import JobRecord, Journal
from geartrain.engine.notices import Notice
from geartrain.engine.options import EngineOptions
from geartrain.engine.peers import Peer
from geartrain.engine.schedules import Calendar, Schedule, no_calendar
from geartrain.engine.timers import Timers
from geartrain.engine.wakeups import Wakeups
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode

__all__ = ["State"]


class State:
    """Everything the job server knows.

    Attributes:
        options: its settings.
        now: the time of what is being reacted to, in seconds of a steady clock.
        clock_offset: what to add to ``now`` for the seconds since 1970.
        calendar: finds the next time of a schedule.
        peers: all connections.
        functions: all functions by name.
        jobs: all jobs by handle.
        schedules: all schedules by handle.
        timeouts: when running jobs have run too long, by the steady clock.
        alarms: when scheduled jobs and schedules are due, in seconds since 1970.
        journal: what is to be made durable.
        wakeups: who sleeps and who is woken.
        unsent: the peers whose outbox is not empty.
        closing: the peers to be closed once their outbox is sent.
        unsettled: sleeping workers whose abilities changed.
        notices: what an operator should read in the log; the driver takes them.
        shutdown: empty, ``"now"`` or ``"graceful"`` once an operator asked for it.
    """

    __slots__ = (
        "_last_number",
        "_prefix",
        "alarms",
        "calendar",
        "clock_offset",
        "closing",
        "functions",
        "jobs",
        "journal",
        "notices",
        "now",
        "options",
        "peers",
        "schedules",
        "shutdown",
        "timeouts",
        "unsent",
        "unsettled",
        "wakeups",
    )

    def __init__(
        self, options: EngineOptions, calendar: Calendar = no_calendar
    ) -> None:
        serials = itertools.count(1)
        self.options = options
        self.calendar = calendar
        self.now = 0.0
        self.clock_offset = 0.0
        self.peers: dict[Peer, None] = {}
        self.functions: dict[bytes, Function] = {}
        self.jobs: dict[bytes, Job] = {}
        self.schedules: dict[bytes, Schedule] = {}
        self.timeouts = Timers(serials)
        self.alarms = Timers(serials)
        self.wakeups = Wakeups(options.choice)
        self.unsent: list[Peer] = []
        self.closing: list[Peer] = []
        self.unsettled: list[Peer] = []
        self.journal = Journal()
        self.notices: list[Notice] = []
        self.shutdown = ""
        self._prefix = options.handle_prefix + b":"
        self._last_number = 0

    def new_number(self) -> int:
        """Return a number that was never given before."""
        self._last_number += 1
        self.journal.reserve(self._last_number)
        return self._last_number

    def handle(self, number: int) -> bytes:
        """Return the handle with this number."""
        return self._prefix + str(number).encode()

    def resume(self, last_number: int) -> None:
        """Begin to keep jobs; numbers up to ``last_number`` were given before."""
        self._last_number = last_number
        self.journal.is_on = True
        self.journal.reserve(last_number)

    def keep(self, job: Job) -> None:
        """Have the store keep a background job, if there is one and it does not yet."""
        if not self.journal.is_on or job.batch:
            return
        record = JobRecord(job.number, job.handle, job.function.name)
        record.unique = job.unique
        record.priority = job.priority
        record.reducer = job.reducer
        record.due = job.due
        record.losses = job.losses
        record.submitted = self.wall_time()
        record.workload = job.workload
        record.more = job.more
        self.journal.add(job, record)

    def forgo(self, job: Job) -> None:
        """Let go of a job that could not be kept: its submitters are told so.

        Clients that wait for it still get its result, and a worker may finish it.
        """
        job.batch = 0
        job.record = None
        job.background = False
        if job.state in (READY, SCHEDULED) and not job.clients:
            self.finish(job)

    def wall_time(self) -> float:
        """Return ``now`` in seconds since 1970."""
        return self.now + self.clock_offset

    def function(self, name: bytes) -> Function:
        """Return the function of this name, which comes to be when it is named."""
        function = self.functions.get(name)
        if function is None:
            function = Function(name)
            self.functions[name] = function
        return function

    def make_ready(self, job: Job) -> None:
        """Queue a job at the tail of its priority and wake a worker for it."""
        function = job.function
        priority = job.priority
        queue = function.ready[priority]
        job.state = READY
        queue.push(job)
        if queue.size() == 1:
            for crew in function.crews:
                crew.notice(function, priority)
        self.wakeups.rouse(function, self.now)

    def schedule(self, job: Job) -> None:
        """Let a job wait until it is due."""
        job.state = SCHEDULED
        job.function.scheduled[job] = None
        self.alarms.set(job, job.due)

    def ring(self, job: Job) -> None:
        """Make a scheduled job ready, its time having come."""
        del job.function.scheduled[job]
        self.make_ready(job)

    def assign(self, job: Job, worker: Peer) -> None:
        """Give a job, which was just taken from its queue, to a worker."""
        function = job.function
        job.state = RUNNING
        job.worker = worker
        function.running[job] = None
        worker.running[job] = None
        timeout = worker.abilities.get(function, 0.0)
        if timeout > 0:
            self.timeouts.set(job, self.now + timeout)

    def _take_back(self, job: Job) -> None:
        """Part a running job from its worker; it is in no place then."""
        job.state = SUBMITTED
        worker = job.worker
        if worker is not None:
            del worker.running[job]
        del job.function.running[job]
        job.worker = None
        self.timeouts.cancel(job)

    def lose(self, job: Job) -> None:
        """Give a job whose worker was lost to another, or fail it at the limit."""
        self._take_back(job)
        job.numerator = b"0"
        job.denominator = b"0"
        job.losses += 1
        limit = self.options.job_retries
        if 0 <= limit <= job.losses:
            self.notices.append(
                Notice(
                    "warning",
                    "job_failed",
                    f"{job.handle.decode()} of {job.function.name!r} lost its worker "
                    f"{job.losses} times: failed",
                )
            )
            self.fail(job)
        elif not job.background and not job.clients:
            self.finish(job)
        else:
            self.make_ready(job)

    def fail(self, job: Job) -> None:
        """Tell everyone who waits that the job failed, and end it."""
        packet = encode(PacketType.WORK_FAIL, job.handle)
        for client in job.clients:
            client.send(packet)
        self.finish(job)

    def finish(self, job: Job) -> None:
        """End a job, wherever it is."""
        state = job.state
        if state is RUNNING:
            self._take_back(job)
        elif state is READY:
            job.function.ready[job.priority].remove(job)
        elif state is SCHEDULED:
            del job.function.scheduled[job]
            self.alarms.cancel(job)
        job.state = FINISHED
        del self.jobs[job.handle]
        if job.batch:
            self.journal.end(job)
        if job.key:
            del job.function.keyed[job.key]
        for client in job.clients:
            client.awaited.pop(job, None)
        job.clients = NOBODY

    def attach(self, job: Job, client: Peer) -> None:
        """Have a job's results sent to a client."""
        if job.clients:
            job.clients.append(client)
        else:
            job.clients = [client]
        client.awaited[job] = None

    def detach(self, client: Peer) -> None:
        """Let a client that left wait no more; drop what only it waited for.

        A job that some submitter left in the background is never dropped, nor is
        one that runs: its worker may finish.
        """
        for job in list(client.awaited):
            job.clients = [other for other in job.clients if other is not client]
            if not job.clients and not job.background and job.state is not RUNNING:
                self.finish(job)
        client.awaited.clear()
