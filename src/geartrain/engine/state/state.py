"""Everything that the job server knows, in one place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from geartrain.engine.dispatch.turns import Turns
from geartrain.engine.dispatch.wakeups import Wakeups
from geartrain.engine.durable.journal import Journal
from geartrain.engine.model.access import Rules
from geartrain.engine.model.actions import Actions
from geartrain.engine.model.events import Events, Follower
from geartrain.engine.model.functions import Function
from geartrain.engine.model.graph import Graph
from geartrain.engine.model.health import Health
from geartrain.engine.model.hooks import HookReport
from geartrain.engine.model.inquiries import Inquiry
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.limits import Usage
from geartrain.engine.model.links import LinkReport
from geartrain.engine.model.listings import Listing
from geartrain.engine.model.marks import Marks
from geartrain.engine.model.nodes import Node
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policies
from geartrain.engine.model.problems import Problem
from geartrain.engine.model.schedules import Calendar, Schedule, no_calendar
from geartrain.engine.model.shares import WHOLE
from geartrain.engine.model.supervisors import Supervision
from geartrain.engine.model.traces import Trace, Traced
from geartrain.engine.model.vitals import Vitals
from geartrain.engine.model.waits import ResultWait
from geartrain.engine.queries import Query
from geartrain.engine.records import JobRecord
from geartrain.engine.state.history import History
from geartrain.engine.state.idle import IdleFunctions
from geartrain.engine.state.memory import Memory, cost
from geartrain.engine.state.slots import TimeSlots
from geartrain.engine.state.tails import Tails
from geartrain.engine.timers import Timed, Timers

__all__ = ["State"]

# Handles held for all peers that list jobs, at 8 bytes each; one peer may exceed it.
_MOST_LISTED: Final = 4_000_000


class Expiry(Timed):
    """When the store is to drop results next; its timer rings then."""

    def __init__(self) -> None:
        super().__init__()
        self.when = 0.0
        """The server time; 0 if it is not set."""


class State:
    """Everything the job server knows."""

    def __init__(  # noqa: PLR0915 - as many attributes
        self, options: EngineOptions, calendar: Calendar = no_calendar
    ) -> None:
        serials = itertools.count(1)
        self.options = options
        """Its settings."""
        self.policies = Policies(options.policy)
        """How the jobs of each function are treated."""
        self.rules = Rules()
        """Who may do what."""
        self.refused: dict[str, float] = {}
        """Refusals that are not to be logged again, and until when."""
        self.calendar = calendar
        """Finds the next time of a schedule."""
        self.now = 0.0
        """The time of what is being reacted to, in seconds of a steady clock."""
        self.clock_offset = 0.0
        """What to add to ``now`` for the calendar's seconds since 1970."""
        self.steady_offset = 0.0
        """What to add to ``now`` for server time, as ``clocks`` has it."""
        self.asleep = 0.0
        """How long the steady clock had stood still, as the driver last told."""
        self.clock_kept = 0.0
        """When the store was last told what time it is."""
        self.reckoned_shift = 0.0
        """``calendar_shift`` when all next times were last found."""
        self.is_clock_set = False
        """The driver has told how the clocks relate."""
        self.is_applying = False
        """Functions are following policies that changed."""
        self.began = 0.0
        """When it began to use its store, a server time."""
        self.usages: dict[bytes, Usage] = {}
        """What owners use of their limits; empty without limits."""
        self.most_usages = 0
        """How many there may be before those at rest are looked for again."""
        self.peers: dict[Peer, None] = {}
        """All connections."""
        self.nodes: dict[bytes, Node] = {}
        """The job servers that work for this one, or did, by their identities."""
        self.links: tuple[LinkReport, ...] = ()
        """The job servers that this one works for, as the driver sees them."""
        self.inquiries: list[Inquiry] = []
        """What other job servers are to be asked; the driver takes them."""
        self.supervisors: dict[Peer, Supervision] = {}
        """Who tells of worker processes."""
        self.process_count = 0
        """How many processes these tell of."""
        self.last_peer = 0
        """How many connections there have been."""
        self.functions: dict[bytes, Function] = {}
        """All functions by name."""
        self.idle = IdleFunctions()
        """Functions that may be unused."""
        self.history = History(options.max_history)
        """What became of the jobs that ended last."""
        self.slots = TimeSlots()
        """What happens to jobs, by function, minute and hour."""
        self.name_bytes = 0
        """The bytes of all functions' names."""
        self.named_count = 0
        """How many functions an operator named."""
        self.jobs: dict[bytes, Job] = {}
        """All jobs in memory by handle."""
        self.schedules: dict[bytes, Schedule] = {}
        """All schedules by their names, or their handles."""
        self.runs: dict[int, list[Schedule]] = {}
        """The schedules whose last times submitted a job, by its number."""
        self.doubted_runs: list[int] = []
        """Of these, jobs that the store is yet to be asked for."""
        self.strange_entries: dict[tuple[bytes, bytes], bytes] = {}
        """What a store that is shared keeps of schedules that are not here, or not yet:
        values, by kind and name.
        """
        self.memory = Memory()
        """How many bytes are in use, and how many may be."""
        self.unsorted: dict[Function, Iterator[None] | None] = {}
        """The functions whose jobs are to be sorted anew by their flow keys."""
        self.unreckoned: list[Schedule] = []
        """The schedules whose next times are to be found, or found anew."""
        self.tails = Tails()
        """The last data of jobs that somebody looks at."""
        self.graph = Graph()
        """Batches, and jobs that wait for others."""
        self.result_waits: dict[bytes, dict[ResultWait, None]] = {}
        """Who waits for the ends of jobs, by their handles."""
        self.expiry = Expiry()
        """When results are to be dropped next."""
        self.timeouts = Timers(serials)
        """When running jobs have run too long, by the steady clock."""
        self.alarms = Timers(serials)
        """When delayed jobs are due, windows have such jobs, or are to be looked at
        again, and functions have jobs that expire, in server time.
        """
        self.calendar_alarms = Timers(serials)
        """When jobs and schedules are due by the calendar, and windows have such jobs,
        in seconds since 1970.
        """
        self.wakeups = Wakeups(options.choice)
        """Who sleeps and who is woken."""
        self.listings: dict[Peer, None] = {}
        """The peers that list jobs, the earliest first."""
        self.events = Events()
        """The latest events, while somebody follows them."""
        self.followers: dict[Peer, Follower] = {}
        """The peers that are told of events as they happen."""
        self.traces: dict[Peer, Trace] = {}
        """The peers that are told of packets, and of which."""
        self.taps: dict[Peer, list[Traced]] = {}
        """The peers whose packets somebody is told of."""
        self.turns = Turns()
        """How much has been done in this turn, and what is left for the next."""
        self.unsent: list[Peer] = []
        """The peers whose outbox is not empty."""
        self.closing: list[Peer] = []
        """The peers to be closed once their outbox is sent."""
        self.unsettled: list[Peer] = []
        """Sleeping workers whose abilities changed."""
        self.journal = Journal()
        """What is to be made durable."""
        self.actions = Actions()
        """What operators did."""
        self.marks = Marks()
        """When the job server started and ended, and functions had no worker."""
        self.health = Health()
        """How the store is; the driver tells."""
        self.vitals = Vitals()
        self.hooks: tuple[HookReport, ...] = ()
        """How the process is, as the driver sees it."""
        self.problems: dict[tuple[str, bytes], Problem] = {}
        """What was wrong at the last look, by name and function."""
        self.notices: list[Notice] = []
        """What an operator should read in the log; the driver takes them."""
        self.shutdown = ""
        """Empty, ``"now"`` or ``"graceful"`` once an operator asked for it."""
        self._prefix = options.handle_prefix + b":"
        self._first_number = 0
        self._last_number = 0
        self._stride = 1
        self._numbered_at = 0.0
        self.is_shared = False
        """Other job servers use the same store."""
        self.has_common = False
        """They may do so at another time: the store keeps apart what is everybody's."""
        self.leads = True
        """Schedules that job servers have in common submit their jobs here."""
        self.share = WHOLE
        """What part of all limits it may use; the others that share the store have
        theirs.
        """
        self.is_fenced = False
        """What the store keeps is handed to no worker (``jobs.fencing``)."""

    def new_number(self) -> int:
        """Return a number that was never given before."""
        if self._stride == 1:
            self._last_number += 1
        else:
            self._last_number = self._timed_number()
        self.journal.reserve(self._last_number)
        return self._last_number

    def _timed_number(self) -> int:
        """Return the next number of this job server's lane, by the time if it can."""
        passed = int((self.now - self._numbered_at) * 1_000_000)
        timed = self._first_number + max(passed, 0) * self._stride
        return max(timed, self._last_number + self._stride)

    def last_number(self) -> int:
        """Return the last number that was given, or may have been by another lane."""
        if self._stride == 1:
            return self._last_number
        return self._timed_number() + self._stride

    def handle(self, number: int) -> bytes:
        """Return the handle with this number."""
        return self._prefix + str(number).encode()

    @staticmethod
    def number(handle: bytes) -> int:
        """Return the number in a handle, or 0 if it is no handle."""
        digits = handle.rpartition(b":")[2]
        return int(digits) if digits.isdigit() and len(digits) <= 18 else 0

    def resume(
        self, last_number: int, keeps_jobs: bool, holds: bool, stride: int = 1
    ) -> None:
        """Begin to use a store; numbers up to ``last_number`` were given before."""
        self._first_number = self._last_number = last_number
        self._stride = self.journal.stride = stride
        self.is_shared = stride > 1
        self._numbered_at = self.now
        self.journal.is_on = True
        self.journal.keeps_jobs = keeps_jobs
        self.journal.holds = keeps_jobs and holds
        self.journal.reserve(last_number)

    def was_given(self, handle: bytes) -> bool:
        """Tell whether a handle was given to a job since the start."""
        number = self.number(handle)
        is_own = handle == self.handle(number) and self.is_of_lane(number)
        return is_own and self._first_number < number <= self._last_number

    def is_of_lane(self, number: int) -> bool:
        """Tell whether a number is one of those that this job server gives now."""
        return (number - self._first_number) % self._stride == 0

    def may_have(self, handle: bytes) -> bool:
        """Tell whether a store may have a job that is not in memory."""
        return self.journal.keeps_jobs and self.may_know(handle)

    def may_know(self, handle: bytes) -> bool:
        """Tell whether a store may know a handle: of a job, dead letter or result."""
        number = self.number(handle)
        if not self.journal.is_on or number <= 0:
            return False
        # Another lane's may be ahead of this one's.
        return number <= self._last_number or not self.is_of_lane(number)

    def is_waiting(self, record: JobRecord | None, handle: bytes) -> bool:
        """Tell whether what a store found still waits, under this handle if any."""
        if record is None or self.journal.has_left(record.number):
            return False
        return not handle or handle in (record.handle, self.handle(record.number))

    def warn(
        self,
        action: str,
        text: str,
        function: bytes = b"",
        handle: bytes = b"",
        error: bytes = b"",
    ) -> None:
        """Add a warning to the log; ``Notice`` has the arguments."""
        self.notices.append(Notice("warning", action, text, function, handle, error))

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

    def forget_supervisor(self, peer: Peer) -> None:
        """Forget the processes that a peer told of: it has left."""
        supervisor = self.supervisors.pop(peer, None)
        if supervisor is not None:
            self.process_count -= len(supervisor.processes)

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

    def inquire(self, inquiry: Inquiry) -> None:
        """Let a peer wait for other job servers, as ``ask`` does for the store.

        One whose inquiry says what is done then need not wait.
        """
        inquiry.peer.is_asking = inquiry.then is None
        self.inquiries.append(inquiry)
