"""The history of a campaign: who sent and received what, and in which order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from proof.torture.functions import Function

__all__ = [
    "Account",
    "Enquiry",
    "History",
    "Pause",
    "Round",
    "Run",
    "Stock",
    "Submission",
]


@dataclass(slots=True)
class Submission:
    """A SUBMIT_ packet, noted before it is sent, and its JOB_CREATED.

    Serials order all that is noted; 0 is not at all. Times are in seconds since 1970.

    Attributes:
        key: what its workload begins with; no other submission has it.
        flow_key: its flow key; empty for none.
        source: the handle of the job that it waits for; empty for none.
        batch: the batch that it is in; empty for none.
        acknowledged: the serial of its JOB_CREATED, noted after it was received.
        result: what its client was sent, if it waited for that; else None.
    """

    key: bytes
    function: Function
    unique: bytes
    priority: str
    is_background: bool
    reducer: bytes
    size: int
    due: float
    round: int
    sent: int
    sent_at: float
    handle: bytes = b""
    acknowledged: int = 0
    acknowledged_at: float = 0.0
    result: bytes | None = None
    flow_key: bytes = b""
    source: bytes = b""
    batch: bytes = b""


@dataclass(slots=True)
class Run:
    """A job that a worker was given, and what the worker sent about it.

    Attributes:
        asked: the serial of the worker's grab.
        started: the serial of the job's arrival.
        outcome: what the worker sent: ``complete``, ``fail`` or ``exception``, or
            ``crash`` if it closed its connection; empty for nothing.
        sent: the serial of that, noted before it was sent.
        settled: the serial of the answer to what the worker sent next.
        is_refused: the job server answered JOB_NOT_FOUND.
        result: what it sent by WORK_DATA and WORK_COMPLETE.
    """

    handle: bytes
    key: bytes
    function: bytes
    unique: bytes
    reducer: bytes
    size: int
    worker: str
    round: int
    asked: int
    asked_at: float
    started: int
    started_at: float
    outcome: str = ""
    sent: int = 0
    sent_at: float = 0.0
    settled: int = 0
    is_refused: bool = False
    result: bytes = b""

    @property
    def is_accepted(self) -> bool:
        """Tell whether the job server has certainly taken the outcome."""
        return self.settled > 0 and not self.is_refused


@dataclass(slots=True)
class Enquiry:
    """A text command about a job, noted before it is sent, and its answer.

    Attributes:
        command: ``cancel job``, ``job``, ``result``, ``move``, ``priority``,
            ``dead retry`` or ``dead drop``.
        answered: the serial of the answer; 0 if none came.
        is_known: the answer was not UNKNOWN_JOB.
        state: what ``job`` or ``result`` said of it: where it is, or how it ended;
            else empty.
        result: what ``result`` gave; None if it gave none.
    """

    command: str
    handle: bytes
    round: int
    sent: int
    answered: int = 0
    is_known: bool = False
    state: str = ""
    result: bytes | None = None


@dataclass(slots=True)
class Pause:
    """An operator's ``pause`` of a function, noted before it is sent.

    Attributes:
        answered: the serial of the answer; 0 if none came.
        resumed: the serial before the ``resume`` that ends it.
    """

    function: bytes
    answered: int = 0
    resumed: float = float("inf")


@dataclass(slots=True)
class Account:
    """What the job server said became of the jobs that ended in a round.

    Attributes:
        asked: the serial before it was asked.
        rows: the rows of ``history``.
    """

    round: int
    asked: int
    rows: list[dict[str, Any]]


@dataclass(slots=True)
class Round:
    """One life of the job server.

    Attributes:
        kill: how it was to end: at a step, at random, or in order.
        end: how it ended; empty if its step did not come by.
        began: the serial before anything happened in it.
        durable: all that the job server reacted to before this serial is durable.
    """

    number: int
    kill: str
    end: str = ""
    began: int = 0
    durable: float = 0.0


@dataclass(slots=True)
class Stock:
    """What the job server said about its jobs while nobody submitted or worked.

    Attributes:
        began: the serial before it was asked.
        ended: the serial after its answer.
        count: how many jobs ``status`` counted.
        rows: the rows of ``jobs``.
    """

    round: int
    began: int
    ended: int
    count: int
    rows: list[dict[str, Any]]


@dataclass
class History:
    """Everything that was recorded; every thread may add to it.

    Attributes:
        submissions: by key.
        batches: the rows of ``batches`` in the end, by name.
        faults: what went wrong at once, in sentences.
        firings: the handles of the jobs that a schedule submitted, by its name and
            time.
    """

    submissions: dict[bytes, Submission] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    enquiries: list[Enquiry] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    stocks: list[Stock] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    batches: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    pauses: list[Pause] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    firings: dict[bytes, dict[float, set[bytes]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._serials = itertools.count(1)

    def serial(self) -> int:
        """Return the next serial."""
        return next(self._serials)

    def since(self, serial: int) -> Iterator[Submission]:
        """Give the submissions of a round whose first serial this is."""
        for submission in reversed(self.submissions.values()):
            if submission.sent < serial:
                return
            yield submission
