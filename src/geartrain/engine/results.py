"""Results: what a store keeps of a job that has ended, and how it is found again."""

from __future__ import annotations

from typing import Final

from geartrain.engine.queries import Query
from geartrain.engine.records import Field, FieldKind

__all__ = [
    "CANCELLED",
    "DEAD",
    "DROPPED",
    "EXPIRED",
    "FAILED",
    "OUTCOMES",
    "RESULT_FIELDS",
    "SUCCEEDED",
    "FindResult",
    "JobEnd",
    "ResultRecord",
    "result_cost",
]

# What became of a job.
SUCCEEDED: Final = b"succeeded"
FAILED: Final = b"failed"
DEAD: Final = b"dead"
EXPIRED: Final = b"expired"
CANCELLED: Final = b"cancelled"
# It waited and newer ones took its place, or was a dead letter that was dropped.
DROPPED: Final = b"dropped"

OUTCOMES: Final = (SUCCEEDED, FAILED, DEAD, EXPIRED, CANCELLED, DROPPED)
"""All that may become of a job."""

RESULT_FIELDS: Final = (
    Field("handle", FieldKind.NAME),
    Field("function", FieldKind.NAME),
    Field("unique", FieldKind.NAME),
    Field("key", FieldKind.BYTES),
    Field("outcome", FieldKind.BYTES),
    Field("reason", FieldKind.BYTES),
    Field("error", FieldKind.BYTES),
    Field("worker", FieldKind.BYTES),
    Field("submitted", FieldKind.TIME),
    Field("started", FieldKind.TIME),
    Field("ended", FieldKind.TIME),
    Field("expires", FieldKind.TIME),
    Field("size", FieldKind.COUNT),
    Field("data_size", FieldKind.COUNT),
    Field("is_whole", FieldKind.FLAG),
)
"""What a store keeps of a job that has ended, beside its number and its result."""

# What a result takes beside its bytes and names.
_RESULT: Final = 600


class ResultRecord:
    """How a job ended, and its result if it has one and its policy keeps it.

    All times are server times.
    """

    def __init__(  # noqa: PLR0915 - as many attributes
        self, number: int, handle: bytes, function: bytes
    ) -> None:
        self.number = number
        """The job's number."""
        self.handle = handle
        """The job's handle."""
        self.function = function
        """The name of its function."""
        self.unique = b""
        """Its unique; empty for none."""
        self.key = b""
        """What it coalesced by within its function; empty for never."""
        self.outcome = SUCCEEDED
        """One of ``OUTCOMES``."""
        self.reason = b""
        """Of a failure: ``fail``, ``exception``, ``timeout``, ``crash``; else empty."""
        self.error = b""
        """What the worker said of a failure; empty for nothing."""
        self.worker = b""
        """Who ran the last attempt: client id, a space, and address."""
        self.submitted = 0.0
        """When the job was submitted."""
        self.started = 0.0
        """When its last attempt began; 0 for never."""
        self.ended = 0.0
        """When it ended."""
        self.expires = 0.0
        """When the record is to be dropped; 0 if it is not kept at all."""
        self.size = 0
        """The bytes of the whole result."""
        self.data_size = 0
        """How many of these, at the front, were sent by WORK_DATA."""
        self.is_whole = False
        """``pieces`` are the whole result: it was not larger than ``result_size``."""
        self.pieces: list[bytes] = []
        """The result, as it arrived."""


def result_cost(record: ResultRecord) -> int:
    """Return about how many bytes of memory a record takes."""
    held = sum(map(len, record.pieces)) + len(record.error)
    return _RESULT + held + len(record.function) + 2 * len(record.unique)


class FindResult(Query):
    """The record of a job that has ended, by its number or by function and key."""

    def __init__(
        self,
        now: float,
        number: int,
        function: bytes = b"",
        key: bytes = b"",
        since: float = 0.0,
    ) -> None:
        super().__init__()
        self.now = now
        """The server time: what has expired by then is not found."""
        self.number = number
        """The job's number; 0 for the newest of a function and key."""
        self.function = function
        """The function's name."""
        self.key = key
        """The key."""
        self.since = since
        """If it is not 0, the newest with a whole result that ended after this."""
        self.submitted_since = 0.0
        """If it is not 0, the newest that succeeded and was submitted after this; with
        ``since``, either of them.
        """
        self.record: ResultRecord | None = None
        """The answer; None if no such one is kept."""

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.record = None

    def takes(self, record: ResultRecord) -> bool:
        """Tell whether a record is one that is looked for."""
        if record.expires <= self.now:
            return False
        if self.number:
            return record.number == self.number
        if record.function != self.function or record.key != self.key:
            return False
        if not (self.since or self.submitted_since):
            return True
        if self.since and record.is_whole and record.ended >= self.since:
            return True
        is_recent = 0 < self.submitted_since <= record.submitted
        return is_recent and record.outcome == SUCCEEDED


class JobEnd(Query):
    """What a wait for the end of a job came to; no store is asked this."""

    def __init__(
        self, handle: bytes, record: ResultRecord | None, is_late: bool
    ) -> None:
        super().__init__()
        self.handle = handle
        """The job's handle."""
        self.record = record
        """How the job ended; None if that is not known, or it has not."""
        self.is_late = is_late
        """Time was up before."""
