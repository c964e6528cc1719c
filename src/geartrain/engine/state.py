"""The job server's memory, and the life of a job: every transition is here.

A job is ``scheduled``, ``ready``, ``running``, ``paged`` (in the store alone) or gone,
and each method that moves it takes it out of the one place and puts it into the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Final

from geartrain.engine import paging
from geartrain.engine.functions import Function
from geartrain.engine.health import Health
from geartrain.engine.idle import IdleFunctions
from geartrain.engine.jobs import (
    FINISHED,
    MOST_JOINED,
    NOBODY,
    PAGED,
    READY,
    RUNNING,
    SCHEDULED,
    SUBMITTED,
    Job,
)
from geartrain.engine.journal import Journal
from geartrain.engine.listings import Listing
from geartrain.engine.memory import Memory, cost, schedule_cost
from geartrain.engine.notices import Notice
from geartrain.engine.options import EngineOptions
from geartrain.engine.peers import Peer
from geartrain.engine.policies import Policies, Policy
from geartrain.engine.queries import Query
from geartrain.engine.records import JobRecord, ScheduleRecord
from geartrain.engine.schedules import Calendar, Schedule, no_calendar
from geartrain.engine.settings import Value
from geartrain.engine.timers import Timed, Timers
from geartrain.engine.turns import Turns
from geartrain.engine.wakeups import Wakeups

__all__ = ["State"]

# Handles held for all peers that list jobs, at 8 bytes each; one peer may exceed it.
_MOST_LISTED: Final = 4_000_000

# What this many crews of a function cost is not counted.
_FEW_CREWS: Final = 16

# Units of work, as ``turns`` counts it: of a new function, and of reading its policy,
# to which a quarter comes for each glob.
_FUNCTION: Final = 20
_POLICY: Final = 10
# How many are forgotten at a time: it takes about a millisecond.
_MOST_FORGOTTEN: Final = 1000
# Of as many functions as may be, the names have so many bytes each on average.
_NAME: Final = 640
# An operator may name the tenth part of them.
_NAMED: Final = 10


class State:
    """Everything the job server knows.

    Attributes:
        options: its settings.
        now: the time of what is being reacted to, in seconds of a steady clock.
        clock_offset: what to add to ``now`` for the calendar's seconds since 1970.
        steady_offset: what to add to ``now`` for server time, as ``clocks`` has it.
        is_clock_set: the driver has told the first of them.
        asleep: how long the steady clock had stood still when that was last told.
        clock_kept: when the store was last told what time it is.
        policies: how the jobs of each function are treated.
        calendar: finds the next time of a schedule.
        peers: all connections.
        functions: all functions by name.
        idle: those of them that may be unused.
        jobs: all jobs in memory by handle.
        schedules: all schedules by handle.
        memory: how many bytes all that takes.
        reckoned_shift: ``calendar_shift`` when all next times were last found.
        unreckoned: the schedules whose next times are to be found anew.
        timeouts: when running jobs have run too long, by the steady clock.
        alarms: when delayed jobs are due, backlogs have such jobs, or are to be
            looked at again, and functions have jobs that expire, in server time.
        calendar_alarms: when jobs and schedules are due by the calendar, and backlogs
            have such jobs, in seconds since 1970.
        journal: what is to be made durable.
        health: how the store is; the driver tells.
        wakeups: who sleeps and who is woken.
        listings: the peers that list jobs, the earliest first.
        turns: how much has been done in this turn, and what is left for the next.
        unsent: the peers whose outbox is not empty.
        closing: the peers to be closed once their outbox is sent.
        unsettled: sleeping workers whose abilities changed.
        notices: what an operator should read in the log; the driver takes them.
        shutdown: empty, ``"now"`` or ``"graceful"`` once an operator asked for it.
    """

    __slots__ = (
        "_is_applying",
        "_last_number",
        "_named",
        "_names",
        "_prefix",
        "alarms",
        "asleep",
        "calendar",
        "calendar_alarms",
        "clock_kept",
        "clock_offset",
        "closing",
        "functions",
        "health",
        "idle",
        "is_clock_set",
        "jobs",
        "journal",
        "listings",
        "memory",
        "notices",
        "now",
        "options",
        "peers",
        "policies",
        "reckoned_shift",
        "schedules",
        "shutdown",
        "steady_offset",
        "timeouts",
        "turns",
        "unreckoned",
        "unsent",
        "unsettled",
        "wakeups",
    )

    def __init__(
        self, options: EngineOptions, calendar: Calendar = no_calendar
    ) -> None:
        serials = itertools.count(1)
        self.options = options
        self.policies = Policies(options.policy)
        self.calendar = calendar
        self.now = self.clock_offset = self.steady_offset = 0.0
        self.asleep = self.clock_kept = self.reckoned_shift = 0.0
        self.is_clock_set = self._is_applying = False
        self.peers: dict[Peer, None] = {}
        self.functions: dict[bytes, Function] = {}
        self.idle = IdleFunctions()
        self.jobs: dict[bytes, Job] = {}
        self.schedules: dict[bytes, Schedule] = {}
        self.memory = Memory()
        self.unreckoned: list[Schedule] = []
        self.timeouts = Timers(serials)
        self.alarms = Timers(serials)
        self.calendar_alarms = Timers(serials)
        self.wakeups = Wakeups(options.choice)
        self.listings: dict[Peer, None] = {}
        self.turns = Turns()
        self.unsent: list[Peer] = []
        self.closing: list[Peer] = []
        self.unsettled: list[Peer] = []
        self.journal = Journal()
        self.health = Health()
        self.notices: list[Notice] = []
        self.shutdown = ""
        self._prefix = options.handle_prefix + b":"
        self._last_number = self._names = self._named = 0

    def new_number(self) -> int:
        """Return a number that was never given before."""
        self._last_number += 1
        self.journal.reserve(self._last_number)
        return self._last_number

    def handle(self, number: int) -> bytes:
        """Return the handle with this number."""
        return self._prefix + str(number).encode()

    def number(self, handle: bytes) -> int:
        """Return the number in a handle, or 0 if it is no handle."""
        digits = handle.rpartition(b":")[2]
        return int(digits) if digits.isdigit() and len(digits) <= 18 else 0

    def resume(self, last_number: int, keeps_jobs: bool, holds: bool) -> None:
        """Begin to use a store; numbers up to ``last_number`` were given before."""
        self._last_number = last_number
        self.journal.is_on = True
        self.journal.keeps_jobs = keeps_jobs
        self.journal.holds = keeps_jobs and holds
        self.journal.reserve(last_number)

    def keep(self, job: Job) -> None:
        """Have the store keep a background job, if there is one and it does not yet."""
        if self.journal.keeps_jobs and not job.batch:
            self.journal.add(job, self.record(job))

    def record(self, job: Job) -> JobRecord:
        """Return what a store is to keep of a job."""
        record = JobRecord(job.number, job.handle, job.function.name)
        record.unique = job.unique
        record.key = job.key
        record.priority = job.priority
        record.reducer = job.reducer
        record.submitted = job.submitted
        record.due = job.due
        record.is_steady = job.is_steady
        if job.failures is not None:
            record.failures = job.failures.copy()
        record.workload = job.workload
        record.more = job.more
        record.size = job.size
        return record

    def add_schedule(self, schedule: Schedule) -> None:
        """Take a schedule that is new."""
        self.schedules[schedule.handle] = schedule
        schedule.function.recurring[schedule.identity()] = schedule
        self.memory.jobs += schedule_cost(schedule)

    def keep_schedule(self, schedule: Schedule) -> None:
        """Have the store keep a schedule, if there is one that keeps jobs."""
        if not self.journal.keeps_jobs:
            return
        record = ScheduleRecord(
            schedule.number, schedule.handle, schedule.function.name
        )
        record.unique = schedule.unique
        record.fields = schedule.fields
        record.workload = b"".join([schedule.workload, *schedule.more])
        self.journal.keep_schedule(record)

    def end_schedule(self, schedule: Schedule) -> None:
        """End a schedule; the jobs it has submitted stay."""
        del self.schedules[schedule.handle]
        del schedule.function.recurring[schedule.identity()]
        self.memory.jobs -= schedule_cost(schedule)
        self.retire(schedule.function)
        self.calendar_alarms.cancel(schedule)
        if self.journal.keeps_jobs:
            self.journal.end_schedule(schedule.number)

    def may_have(self, handle: bytes) -> bool:
        """Tell whether a store may know a handle that is not in memory."""
        return self.journal.keeps_jobs and 0 < self.number(handle) <= self._last_number

    def is_waiting(self, record: JobRecord | None, handle: bytes) -> bool:
        """Tell whether what a store found still waits, under this handle if any."""
        if record is None or self.journal.has_left(record.number):
            return False
        return not handle or handle in (record.handle, self.handle(record.number))

    def warn(self, action: str, text: str) -> None:
        """Have an operator read a warning in the log."""
        self.notices.append(Notice("warning", action, text))

    def wall_time(self) -> float:
        """Return ``now`` by the calendar, in seconds since 1970."""
        return self.now + self.clock_offset

    def server_time(self) -> float:
        """Return ``now`` in server time."""
        return self.now + self.steady_offset

    def calendar_shift(self) -> float:
        """Return what to add to a server time for the calendar's."""
        return self.clock_offset - self.steady_offset

    def time_by(self, is_steady: bool) -> float:
        """Return ``now`` in server time, or else by the calendar."""
        return self.now + (self.steady_offset if is_steady else self.clock_offset)

    def alarms_by(self, is_steady: bool) -> Timers:
        """Return the alarms in server time, or else those by the calendar."""
        return self.alarms if is_steady else self.calendar_alarms

    def wait_of(self, job: Job) -> float:
        """Return how many seconds it is until a job is due; 0 or less if it is."""
        if job.due <= 0:
            return 0.0
        return job.due - self.time_by(job.is_steady)

    def next_alarm(self) -> float | None:
        """Return when an alarm is to ring next, as ``now`` counts."""
        when = self.alarms.next()
        if when is not None:
            when -= self.steady_offset
        date = self.calendar_alarms.next()
        if date is not None:
            date -= self.clock_offset
            if when is None or date < when:
                return date
        return when

    def pop_alarm(self) -> Timed | None:
        """Take out and return what an alarm rings for, or None."""
        due = self.alarms.pop(self.now + self.steady_offset)
        if due is None:
            due = self.calendar_alarms.pop(self.now + self.clock_offset)
        return due

    def function(self, name: bytes) -> Function:
        """Return the function of this name, which comes to be when it is named."""
        function = self.functions.get(name)
        if function is None:
            policies = self.policies
            function = Function(name, policies.find(name))
            function.policy_version = policies.version
            self.functions[name] = function
            self._names += len(name)
            # Whoever named it may not come to use it.
            self.idle.enlist(function, self.now)
            self.turns.work += _FUNCTION + policies.glob_count() // 4
        return function

    def admitted_function(self, name: bytes) -> Function | None:
        """Return the function that a peer names; None for one too many."""
        function = self.functions.get(name)
        if function is not None:
            return function
        while self._is_crowded(len(name)):
            idle = self.idle.take_oldest()
            if idle is None:
                return None
            self.forget_function(idle)
        return self.function(name)

    def _is_crowded(self, size: int) -> bool:
        most = self.options.most_functions
        is_full = len(self.functions) >= most
        return is_full or self._names + size > most * _NAME

    def named_function(self, name: bytes) -> Function | None:
        """Return the function that an operator names, to stay until it is dropped.

        Returns None for one too many.
        """
        known = self.functions.get(name)
        is_full = self._named * _NAMED >= self.options.most_functions
        if is_full and (known is None or not known.is_named):
            return None
        function = self.admitted_function(name)
        if function is not None and not function.is_named:
            function.is_named = True
            self._named += 1
        return function

    def retire(self, function: Function) -> None:
        """Forget a function after a while, if it is not used until then."""
        if function.workers or not function.is_unused():
            return
        if self.functions.get(function.name) is not function:
            # It was dropped while the store still had something to say of it.
            return
        self.idle.enlist(function, self.now)
        while len(self.idle) > self.options.most_idle:
            oldest = self.idle.take_oldest()
            if oldest is None:
                return
            self.forget_function(oldest)

    def forget_idle(self) -> None:
        """Forget the functions that have been unused for a while, some at a time."""
        for _ in range(_MOST_FORGOTTEN):
            function = self.idle.take(self.now)
            if function is None:
                return
            self.forget_function(function)

    def forget_function(self, function: Function) -> None:
        """Forget a function without jobs and workers, but for what it counted."""
        del self.functions[function.name]
        self._names -= len(function.name)
        self._named -= function.is_named
        self.alarms.cancel(function)
        # Or it would be forgotten again, and with it a later one of its name.
        self.idle.discard(function)
        for backlog in function.backlogs:
            self.alarms.cancel(backlog)
            self.alarms.cancel(backlog.waits)
            self.calendar_alarms.cancel(backlog.dates)
            self.memory.backlogs.pop(backlog, None)
        if function.is_at_rest():
            function.dissolve()
        self.idle.forgotten += 1
        self.idle.counters.add(function.counters)
        # A worker that lost a job of it may yet send a result.
        function.counters = self.idle.counters

    def policy(self, function: Function) -> Policy:
        """Return how a function's jobs are treated now."""
        if function.policy_version != self.policies.version:
            self.apply_policy(function)
        return function.policy

    def change_policy(self, pattern: bytes, settings: Mapping[str, Value]) -> None:
        """Set some settings for a name or glob, and have functions follow.

        Raises:
            OptionError: as ``Policies.change`` does.
        """
        if self.policies.change(pattern, settings):
            self.apply_policies()
        elif pattern in self.functions:
            self.apply_policy(self.functions[pattern])

    def apply_policy(self, function: Function) -> None:
        """Have a function follow the policies as they are now."""
        policies = self.policies
        self.turns.work += _POLICY + policies.glob_count() // 4
        function.policy = policies.find(function.name)
        function.policy_version = policies.version
        self.alarms.cancel(function)
        self.watch(function)

    def apply_policies(self) -> None:
        """Have every function follow the policies as they are now.

        Each does before one of its jobs is touched; the others in turns to come, so
        that jobs which only wait expire, too.
        """
        if not self._is_applying:
            self._is_applying = True
            self.turns.start(self._apply())

    def _apply(self) -> Iterator[None]:
        policies = self.policies
        version = -1
        while version != policies.version:
            version = policies.version
            for name in list(self.functions):
                function = self.functions.get(name)
                self.turns.work += 1
                if function is not None and function.policy_version < version:
                    self.apply_policy(function)
                yield
        self._is_applying = False

    def watch(self, function: Function) -> None:
        """See to it that a function's jobs expire if they have a time to live."""
        if function.timer == 0 and self.policy(function).ttl > 0:
            # The look that follows finds out when the next one is needed.
            self.alarms.set(function, self.server_time())

    def place(self, job: Job) -> None:
        """Let a job, which is in no place, wait in memory until it can run."""
        if self.wait_of(job) > 0:
            self.schedule(job)
        else:
            self.make_ready(job)

    def make_ready(self, job: Job) -> None:
        """Queue a job at the tail of its priority and wake a worker for it."""
        function = job.function
        priority = job.priority
        queue = function.ready[priority]
        if job.due > 0 and not job.is_steady:
            # The time has come. How long ago that is, no step of the clock changes.
            job.due = max(job.due - self.calendar_shift(), 1.0)
            job.is_steady = True
        job.state = READY
        queue.push(job)
        crews = function.crews
        if len(crews) > _FEW_CREWS:
            # Each is told, and passed by if none of its workers sleeps.
            self.turns.work += len(crews) >> 3
        if queue.size() == 1:
            for crew in crews:
                crew.notice(function, priority)
        if self.policy(function).ttl > 0:
            self.watch(function)
        self.wakeups.rouse(function, self.now)

    def schedule(self, job: Job) -> None:
        """Let a job wait until it is due."""
        job.state = SCHEDULED
        function = job.function
        function.scheduled[job] = None
        function.scheduled_counts[job.priority] += 1
        function.scheduled_bytes += job.size
        self.alarms_by(job.is_steady).set(job, job.due)

    def _unschedule(self, job: Job) -> None:
        function = job.function
        del function.scheduled[job]
        function.scheduled_counts[job.priority] -= 1
        function.scheduled_bytes -= job.size

    def ring(self, job: Job) -> None:
        """Make a scheduled job ready, its time having come."""
        self._unschedule(job)
        self.make_ready(job)

    def assign(self, job: Job, worker: Peer) -> None:
        """Give a job, which was just taken from its queue, to a worker."""
        function = job.function
        job.state = RUNNING
        job.worker = worker
        job.started = self.server_time()
        function.running[job] = None
        worker.running[job] = None
        own = worker.abilities.get(function, 0.0)
        limit = self.policy(function).timeout
        if own > 0 and (limit == 0 or own < limit):
            worker.timed[job] = self.now + limit if limit > 0 else 0.0
            self.timeouts.set(job, self.now + own)
        elif limit > 0:
            self.timeouts.set(job, self.now + limit)
        self._make_room(job)

    def end_own_timeouts(self, worker: Peer) -> None:
        """End the timers a worker asked for; the policy's hold whatever it sends."""
        self.turns.work += len(worker.timed)
        for job, limit in worker.timed.items():
            self.timeouts.cancel(job)
            if limit > 0:
                self.timeouts.set(job, limit)
        worker.timed.clear()

    def _make_room(self, job: Job) -> None:
        """Have jobs come in from the store, one having left its queue."""
        backlog = job.function.backlogs[job.priority]
        if backlog.ready or backlog.waits.is_due or backlog.dates.is_due:
            paging.refill(self, job.function, job.priority)

    def take_back(self, job: Job) -> None:
        """Part a running job from its worker; it is in no place then."""
        job.state = SUBMITTED
        worker = job.worker
        if worker is not None:
            del worker.running[job]
            if worker.timed:
                worker.timed.pop(job, None)
        del job.function.running[job]
        job.worker = None
        job.numerator = b"0"
        job.denominator = b"0"
        self.timeouts.cancel(job)

    def leave(self, job: Job) -> None:
        """Take a job from wherever it is; it is in no place then."""
        state = job.state
        if state is RUNNING:
            self.take_back(job)
        elif state is READY:
            job.function.ready[job.priority].remove(job)
            self._make_room(job)
        elif state is SCHEDULED:
            self._unschedule(job)
            self.alarms_by(job.is_steady).cancel(job)
        elif state is PAGED:
            paging.unpage(job)
        else:
            job.function.tentative.pop(job, None)
        job.state = SUBMITTED

    def finish(self, job: Job) -> None:
        """End a job, wherever it is, and have the store forget it."""
        if job.batch:
            self.journal.end(job)
        self.remove(job)

    def remove(self, job: Job) -> None:
        """End a job, wherever it is, for the engine alone."""
        self.leave(job)
        job.state = FINISHED
        self.let_go(job)
        if job.key and job.function.keyed.get(job.key) is job:
            del job.function.keyed[job.key]
        if job.client is not None:
            for client in job.clients():
                client.awaited.pop(job, None)
            job.client = None
            job.others = NOBODY
        if not job.function.workers:
            self.retire(job.function)

    def weigh(self) -> int:
        """Say how much memory there is room for; see ``Memory.weigh``."""
        return self.memory.weigh(len(self.peers), len(self.functions))

    def is_dead_in_memory(self) -> bool:
        """Tell whether dead letters are kept by a store that has nothing but memory."""
        return self.journal.is_on and not self.journal.keeps_jobs

    def remember(self, job: Job) -> None:
        """Take a job that has its handle into memory."""
        self.jobs[job.handle] = job
        self.memory.jobs += cost(job)

    def let_go(self, job: Job) -> None:
        """Hold a job in memory no more."""
        del self.jobs[job.handle]
        self.memory.jobs -= cost(job)

    def attach(self, job: Job, client: Peer) -> None:
        """Have a job's results sent to a client."""
        times = client.awaited.get(job, 0)
        if times == 0:
            job.add_client(client)
        elif times < MOST_JOINED:
            job.joined += 1
        client.awaited[job] = min(times + 1, MOST_JOINED)
        if job.state is PAGED:
            paging.unpage(job)
            self.place(job)

    def detach(self, client: Peer, job: Job, times: int) -> None:
        """Let a client that left wait no more for a job; drop what only it waited for.

        The client has submitted it so many ``times``, and does not know it any more.
        A job that some submitter left in the background is never dropped, nor is
        one that runs: its worker may finish.
        """
        job.joined -= times - 1
        job.remove_client(client)
        if job.is_awaited():
            return
        if not job.background and job.state is not RUNNING:
            self.finish(job)

    def begin_listing(self, peer: Peer, listing: Listing) -> None:
        """Let a peer list jobs; where all lists get too long, the earliest ends."""
        self.listings.pop(peer, None)
        self.listings[peer] = None
        peer.listing = listing
        held = 0
        for other in reversed(list(self.listings)):
            if other.listing is not None:
                held += other.listing.size()
            if held > _MOST_LISTED and other is not peer:
                self.end_listing(other)

    def end_listing(self, peer: Peer) -> None:
        """Let a peer list jobs no more."""
        self.listings.pop(peer, None)
        peer.listing = None

    def ask(self, peer: Peer, queries: list[Query]) -> None:
        """Let a peer wait for the store's answers; its message is read again then."""
        peer.is_asking = True
        self.journal.ask(queries, peer, None)
