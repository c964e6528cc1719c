"""Records: what a store keeps of jobs and schedules, and entries beside them.

``JOB_FIELDS``, ``FAILURE_FIELDS`` and ``SCHEDULE_FIELDS`` say what a record consists
of. Stores, export and import follow them: a new field is an attribute here and a line
in its table, and a new format where a store's file changes by it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from geartrain._mypyc import mypyc_attr
from geartrain.engine.timers import Timed

__all__ = [
    "FAILURE_FIELDS",
    "JOB_FIELDS",
    "SCHEDULE_FIELDS",
    "Burial",
    "Change",
    "Entry",
    "Failures",
    "Field",
    "FieldKind",
    "Inventory",
    "JobRecord",
    "Move",
    "Part",
    "QueueInventory",
    "ScheduleRecord",
    "StoredJob",
]


class FieldKind(Enum):
    """What the value of a field is."""

    NAME = auto()
    """Bytes that fit into a packet's argument: no NUL."""
    BYTES = auto()
    """Any bytes, a few kilobytes at most."""
    NAMES = auto()
    """A list of names."""
    STORY = auto()
    """What ``story`` packs; what was kept before that lacks it."""
    COUNT = auto()
    """An integer from 0."""
    TIME = auto()
    """A server time; 0 for none."""
    FLAG = auto()
    """True or False."""
    DUE = auto()
    """A time by the clock that the field of kind ``CLOCK`` tells; 0 for at once."""
    CLOCK = auto()
    """True for a due time by the server's clock, False for one by the calendar."""
    PRIORITY = auto()
    """``Priority`` as a number."""
    FAILURES = auto()
    """``Failures``, or None."""
    HEADERS = auto()
    """Names with values, as ``protocol.headers`` joins them."""
    WORKLOAD = auto()
    """Bytes of any number."""


class Part(Enum):
    """What a field of a job is a part of, and so how often it is written."""

    QUEUE = auto()
    """The same for all jobs of a function and priority."""
    CONSTANT = auto()
    """Written once with the job."""
    STATE = auto()
    """Written again each time that the job waits for another attempt, or dies."""


class Field(NamedTuple):
    """One field of a record; ``name`` is that of the attribute."""

    name: str
    kind: FieldKind
    part: Part = Part.CONSTANT


# A record's number and a job's workload are no part of it: each store keeps them in a
# way of its own. The order is that of the lines that ``geartrain store export`` writes,
# and within the fields of a kind that of the SQLite store's blobs.
JOB_FIELDS: Final = (
    Field("handle", FieldKind.NAME),
    Field("function", FieldKind.NAME, Part.QUEUE),
    Field("unique", FieldKind.NAME),
    Field("key", FieldKind.BYTES),
    Field("reducer", FieldKind.NAME),
    Field("priority", FieldKind.PRIORITY, Part.QUEUE),
    Field("headers", FieldKind.HEADERS),
    Field("submitted", FieldKind.TIME),
    Field("due", FieldKind.DUE, Part.STATE),
    Field("died", FieldKind.TIME, Part.STATE),
    Field("is_steady", FieldKind.CLOCK, Part.STATE),
    Field("failures", FieldKind.FAILURES, Part.STATE),
)
"""What a job or dead letter consists of, beside its number and its workload."""

FAILURE_FIELDS: Final = (
    Field("attempts", FieldKind.COUNT),
    Field("crashes", FieldKind.COUNT),
    Field("reason", FieldKind.BYTES),
    Field("worker", FieldKind.BYTES),
    Field("error", FieldKind.BYTES),
    Field("started", FieldKind.TIME),
    Field("ended", FieldKind.TIME),
    Field("story", FieldKind.STORY),
)
"""What ``Failures`` consist of."""

SCHEDULE_FIELDS: Final = (
    Field("handle", FieldKind.NAME),
    Field("function", FieldKind.NAME),
    Field("unique", FieldKind.NAME),
    Field("workload", FieldKind.WORKLOAD),
    Field("fields", FieldKind.NAMES),
    Field("headers", FieldKind.HEADERS),
)
"""What a recurring job consists of, beside its number."""


class Failures:
    """How a job's attempts have failed so far."""

    def __init__(self) -> None:
        self.attempts = 0
        """How many ended by WORK_FAIL, WORK_EXCEPTION, a timeout, or the worker's wish
        for another.
        """
        self.crashes = 0
        """How many ended because the worker was lost."""
        self.reason = b""
        """Of the last: ``fail``, ``exception``, ``timeout``, ``crash`` or ``retry``."""
        self.error = b""
        """What the worker said of the last, cut at 64 KiB; empty for nothing."""
        self.worker = b""
        """Who ran the last: its client id, a space, and its address."""
        self.started = 0.0
        """When the last began, a server time."""
        self.ended = 0.0
        """When it failed, a server time."""
        self.story = b""
        """How each attempt ended, packed as ``engine.story`` does."""

    def copy(self) -> Failures:
        """Return another that later failures do not change."""
        other = Failures()
        for field in FAILURE_FIELDS:
            setattr(other, field.name, getattr(self, field.name))
        return other


@mypyc_attr(acyclic=True)
class StoredJob(Timed):
    """What is stored of a job.

    A ``Job`` has this and what is known of it while it is in memory, a ``JobRecord``
    this and what only stores know. ``take`` is the one place that copies it, one by one
    and not by ``JOB_FIELDS``: it runs for each background job, and this takes 0.1 µs.
    """

    def __init__(
        self,
        number: int,
        handle: bytes,
        unique: bytes,
        workload: bytes,
        more: list[bytes],
        priority: int,
    ) -> None:
        super().__init__()
        self.number = number
        """The number in its handle; no other job ever has it."""
        self.handle = handle
        """The name the job server gave it; empty until it is admitted."""
        self.unique = unique
        """The client's coalescing key; empty for none."""
        self.key = b""
        """What it coalesces by within its function; empty for never."""
        self.priority = priority
        """``Priority`` as a number."""
        self.reducer = b""
        """The reducer of a SUBMIT_REDUCE_JOB, else empty."""
        self.headers = b""
        """Its headers, as ``protocol.headers`` joins them; empty for none."""
        self.submitted = 0.0
        """When it was submitted, a server time."""
        self.due = 0.0
        """When it becomes or became ready; 0 for at once."""
        self.is_steady = False
        """``due`` is a server time; else the job waits for that of the calendar."""
        self.failures: Failures | None = None
        """How its attempts have failed; None while none has."""
        self.workload = workload
        """Its input; of a large one, the piece that arrived first."""
        self.more = more
        """The pieces that follow ``workload``."""
        self.size = 0
        """The bytes of all of its workload."""

    def take(self, other: StoredJob) -> None:
        """Become what another is; only its failures are copied."""
        self.number = other.number
        self.handle = other.handle
        self.unique = other.unique
        self.key = other.key
        self.priority = other.priority
        self.reducer = other.reducer
        self.headers = other.headers
        self.submitted = other.submitted
        self.due = other.due
        self.is_steady = other.is_steady
        self.failures = None if other.failures is None else other.failures.copy()
        self.workload = other.workload
        self.more = other.more
        self.size = other.size


class JobRecord(StoredJob):
    """A background job, or a dead letter, as a store keeps it."""

    def __init__(self, number: int, handle: bytes, function: bytes) -> None:
        super().__init__(number, handle, b"", b"", [], 1)
        self.function = function
        """The name of its function."""
        self.died = 0.0
        """When it became a dead letter, a server time; 0 is not at all."""
        self.is_tentative = False
        """It is to be added only if no job of its function and key is kept."""
        self.twin = 0
        """The number of that job; 0 for none. Set by the commit."""


class Change:
    """A kept job, or a dead letter, that waits for its next attempt."""

    def __init__(self, number: int, due: float, failures: Failures | None) -> None:
        self.number = number
        """Which job."""
        self.due = due
        """When it becomes ready, a server time; 0 is at once."""
        self.failures = failures
        """How its attempts have failed; None for a fresh start."""


class Move:
    """A kept job, or a dead letter, that an operator has put elsewhere."""

    def __init__(
        self, number: int, function: bytes, priority: int, due: float, is_steady: bool
    ) -> None:
        self.number = number
        """Which job."""
        self.function = function
        """The name of the function that it waits for now."""
        self.priority = priority
        """``Priority`` as a number."""
        self.due = due
        """When it becomes or became ready; 0 for at once, and for a dead letter."""
        self.is_steady = is_steady
        """``due`` is a server time; else the job waits for that of the calendar."""

    def put_off(self, due: float, is_steady: bool) -> None:
        """Let the job be due at another time."""
        self.due = due
        self.is_steady = is_steady


class Burial:
    """A kept job that becomes a dead letter."""

    def __init__(self, number: int, died: float, failures: Failures) -> None:
        self.number = number
        """Which job."""
        self.died = died
        """When, a server time."""
        self.failures = failures
        """How its attempts have failed."""


class ScheduleRecord:
    """A recurring job as a store keeps it."""

    def __init__(self, number: int, handle: bytes, function: bytes) -> None:
        self.number = number
        """The number in its handle; no job or other schedule ever has it."""
        self.handle = handle
        """The name the job server gave it."""
        self.function = function
        """The name of its jobs' function."""
        self.unique = b""
        """Its jobs' unique."""
        self.fields: list[bytes] = []
        """Minute, hour, day, month and weekday as submitted."""
        self.workload = b""
        """Its jobs' workload, in one piece."""
        self.headers = b""
        """Its jobs' headers, as ``protocol.headers`` joins them; empty for none."""


class Entry:
    """Bytes that a store keeps by kind and key, for whatever is no job.

    All are read at the start, so they are few and small: a policy, a line of a log.
    """

    def __init__(self, kind: bytes, key: bytes, value: bytes) -> None:
        self.kind = kind
        """What it is, such as ``policy``; whoever reads entries knows its kinds."""
        self.key = key
        """Which of its kind it is."""
        self.value = value
        """What is kept."""


class QueueInventory:
    """What a store keeps for one function and priority."""

    def __init__(self, function: bytes, priority: int) -> None:
        self.function = function
        """The function's name."""
        self.priority = priority
        """``Priority`` as a number."""
        self.ready = 0
        """Jobs without a due time."""
        self.delayed = 0
        """Jobs with one, whether it has come or not."""
        self.next_due = 0.0
        """The earliest due time by the calendar, in seconds since 1970; 0 for none."""
        self.next_steady = 0.0
        """The earliest due time that is a server time; 0 for none."""
        self.dead = 0
        """Dead letters."""


class Inventory:
    """What a store says when it is opened, without a look at every job."""

    def __init__(self, reserved: int) -> None:
        self.reserved = reserved
        """The highest number that was ever reserved or kept, 0 if none was."""
        self.queues: list[QueueInventory] = []
        """What is kept for each function and priority that has something."""
        self.schedules: list[ScheduleRecord] = []
        """The recurring jobs, in the order of their numbers."""
        self.next_expiry = 0.0
        """When the next result or ending expires, a server time; 0 if none is kept."""
        self.last_ending = 0
        """The highest serial of an ending that is kept; 0 if none is."""
        self.entries: list[Entry] = []
        """All entries, in the order of kinds and keys."""
        self.steady = 0.0
        """The last server time it was told; 0 for none."""
        self.calendar = 0.0
        """What time it was then by the calendar, in seconds since 1970."""
