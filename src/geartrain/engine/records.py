"""Records: what a store keeps of jobs and schedules, and entries beside them.

``JOB_FIELDS``, ``FAILURE_FIELDS`` and ``SCHEDULE_FIELDS`` say what a record consists
of. Stores, export and import follow them: a new field is an attribute here and a line
in its table, and a new format where a store's file changes by it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from geartrain._mypyc import mypyc_attr
from geartrain.engine.timers import Timed

__all__ = [
    "COMMON_KINDS",
    "FAILURE_FIELDS",
    "JOB_FIELDS",
    "LEADERS_KINDS",
    "SCHEDULE_FIELDS",
    "Burial",
    "Change",
    "Entry",
    "Failures",
    "Field",
    "FieldKind",
    "JobRecord",
    "Move",
    "Part",
    "ScheduleRecord",
    "StoredJob",
    "kept_text",
]


class FieldKind(Enum):
    """What the value of a field is."""

    NAME = auto()
    """Bytes that fit into a packet's argument: no NUL."""
    BYTES = auto()
    """Any bytes, a few kilobytes at most."""
    RARE = auto()
    """The same, which most jobs lack and which then take no room."""
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
    Field("owner", FieldKind.RARE),
    Field("flow_key", FieldKind.RARE),
    Field("options", FieldKind.RARE),
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
    Field("owner", FieldKind.RARE),
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

    def __init__(  # noqa: PLR0915 - as many attributes
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
        self.owner = b""
        """Who submitted it, if that is to be known: what its limits are counted for."""
        self.flow_key = b""
        """What it shares a rate and places with, within its function; empty for none.
        """
        self.queue_key = b""
        """The flow key whose queue it waits in; empty for its function's own queue."""
        self.options = b""
        """What its submission asked for otherwise than the policy has it, such as
        ``ttl=60&max_attempts=3``; empty for nothing.
        """
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
        self.owner = other.owner
        self.flow_key = other.flow_key
        self.queue_key = other.queue_key
        self.options = other.options
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
    """A kept job, or a dead letter, that waits in another queue from now on."""

    def __init__(
        self,
        number: int,
        function: bytes,
        priority: int,
        due: float,
        is_steady: bool,
        queue_key: bytes = b"",
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
        self.queue_key = queue_key
        """The flow key whose queue it waits in; empty for its function's own."""

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
        self.owner = b""
        """Whom it and its jobs are counted for; empty for nobody."""


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


def kept_text(options: bytes, name: bytes) -> bytes:
    """Return a name that ``StoredJob.options`` has; empty if it has none.

    >>> kept_text(b"ttl=60&batch=a%26b", b"batch")
    b'a&b'
    """
    for pair in options.split(b"&"):
        given, _, value = pair.partition(b"=")
        if given == name:
            return unquote_to_bytes(value)
    return b""


COMMON_KINDS: Final = (b"function", b"policy", b"shared-schedule")
"""The kinds of entries that job servers which share a store have in common.

Each has those that any of them has put last; of all other kinds each has its own.
"""

LEADERS_KINDS: Final = (b"shared-progress",)
"""The kinds of entries that only the one of them writes which leads.

Who leads next is given them by ``Store.adopted``, or when the store is opened.
"""
