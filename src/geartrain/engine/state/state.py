"""Everything that the job server knows, in one place."""

from __future__ import annotations

import itertools
from typing import Final

from geartrain.engine.dispatch.turns import Turns
from geartrain.engine.dispatch.wakeups import Wakeups
from geartrain.engine.durable.journal import Journal
from geartrain.engine.model.functions import Function
from geartrain.engine.model.health import Health
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.listings import Listing
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policies
from geartrain.engine.model.schedules import Calendar, Schedule, no_calendar
from geartrain.engine.queries import Query
from geartrain.engine.records import JobRecord
from geartrain.engine.state.idle import IdleFunctions
from geartrain.engine.state.memory import Memory, cost
from geartrain.engine.timers import Timed, Timers

__all__ = ["State"]

# Handles held for all peers that list jobs, at 8 bytes each; one peer may exceed it.
_MOST_LISTED: Final = 4_000_000


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
        name_bytes: the bytes of all their names.
        named_count: how many of them an operator named.
        is_applying: functions are following policies that changed.
        jobs: all jobs in memory by handle.
        schedules: all schedules by handle.
        memory: how many bytes all that takes.
        reckoned_shift: ``calendar_shift`` when all next times were last found.
        unreckoned: the schedules whose next times are to be found anew.
        timeouts: when running jobs have run too long, by the steady clock.
        alarms: when delayed jobs are due, windows have such jobs, or are to be
            looked at again, and functions have jobs that expire, in server time.
        calendar_alarms: when jobs and schedules are due by the calendar, and windows
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
        "_last_number",
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
        "is_applying",
        "is_clock_set",
        "jobs",
        "journal",
        "listings",
        "memory",
        "name_bytes",
        "named_count",
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
        self.is_clock_set = self.is_applying = False
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
        self._last_number = self.name_bytes = self.named_count = 0

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
