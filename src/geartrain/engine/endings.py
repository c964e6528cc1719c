"""Endings: what became of jobs that are no more, in memory and in stores."""

from __future__ import annotations

from typing import Final

from geartrain._mypyc import mypyc_attr
from geartrain.engine.queries import Query
from geartrain.engine.records import Failures, Field, FieldKind
from geartrain.engine.results import DEAD, FAILED, OUTCOMES

__all__ = [
    "ABANDONED",
    "ENDING_FIELDS",
    "FURTHER",
    "STATUSES",
    "Ending",
    "ListEndings",
    "ending_cost",
    "failures_of",
]

ABANDONED: Final = b"abandoned"
"""Nobody waited for it any more; no store ever kept it."""

STATUSES: Final = [*OUTCOMES, ABANDONED]
"""All that can become of a job."""

ENDING_FIELDS: Final = (
    Field("handle", FieldKind.NAME),
    Field("function", FieldKind.NAME),
    Field("unique", FieldKind.NAME),
    Field("priority", FieldKind.PRIORITY),
    Field("background", FieldKind.FLAG),
    Field("outcome", FieldKind.BYTES),
    Field("submitted", FieldKind.TIME),
    Field("started", FieldKind.TIME),
    Field("ended", FieldKind.TIME),
    Field("until", FieldKind.TIME),
    Field("worker", FieldKind.NAME),
    Field("address", FieldKind.BYTES),
    Field("failures", FieldKind.FAILURES),
    Field("size", FieldKind.COUNT),
    Field("result_size", FieldKind.COUNT),
)
"""What a store keeps of an ending, beside its serial."""

# What an ending takes beside its names and errors, and its places in the tables.
_ENDING: Final = 480


@mypyc_attr(acyclic=True)
class Ending:
    """What became of one job."""

    def __init__(  # noqa: PLR0913, PLR0915, PLR0917 - as many attributes
        self,
        handle: bytes,
        function: bytes,
        outcome: bytes,
        ended: float,
        unique: bytes = b"",
        priority: int = 1,
        background: bool = False,
        submitted: float = 0.0,
        size: int = 0,
        failures: Failures | None = None,
    ) -> None:
        self.handle = handle
        """The name the job server gave it."""
        self.function = function
        """The name of its function."""
        self.unique = unique
        """Its unique; empty for none."""
        self.priority = priority
        """``Priority`` as a number."""
        self.background = background
        """It was a background job."""
        self.outcome = outcome
        """One of ``STATUSES``."""
        self.submitted = submitted
        """When it was submitted, a server time."""
        self.started = 0.0
        """When its last attempt began, a server time; 0 if there was none."""
        self.ended = ended
        """When it ended, a server time."""
        self.until = 0.0
        """Until when this is kept, a server time."""
        self.worker = b""
        """The client id of the worker of the last attempt; empty for none."""
        self.address = b""
        """The address of that worker."""
        self.failures = failures
        """How attempts failed before; None for not at all."""
        self.size = size
        """The bytes of its workload."""
        self.result_size = 0
        """The bytes of its result, but for the pieces sent before its end."""
        self.serial = 0
        """Of one that the store keeps: its place among all endings, from 1, also of
        earlier lives.
        """
        self.is_doubled = False
        """Another job server that shares the store tells of it, too (``Job``)."""
        self.older = -1
        """Where in its page of the history the one before with the same unique is; -1
        for none.
        """

    def who(self) -> bytes:
        """Return who ran the last attempt: client id, a space, address; or nothing."""
        if self.address:
            return self.worker + b" " + self.address
        return b"" if self.failures is None else self.failures.worker

    def error(self) -> bytes:
        """Return what was said of the last failure; empty for nothing."""
        return b"" if self.failures is None else self.failures.error

    def is_failure(self) -> bool:
        """Tell whether the last attempt failed."""
        return self.outcome in (FAILED, DEAD)


def failures_of(ending: Ending) -> Failures:
    """Return how attempts failed, as an object there always is."""
    return Failures() if ending.failures is None else ending.failures


def ending_cost(ending: Ending) -> int:
    """Return the bytes that an ending takes."""
    size = _ENDING + len(ending.handle) + len(ending.unique)
    failures = ending.failures
    if failures is not None:
        size += len(failures.error) + len(failures.story)
    return size


FURTHER: Final = 1 << 50
"""From here on ``ListEndings.before`` is no serial: a store has its own places for what
other job servers have left, which come after all that have one.
"""


class ListEndings(Query):
    """The endings that were kept before one, the latest first.

    A store may stop before ``most`` are found, and then says where to go on: it looks
    at a bounded number.
    """

    def __init__(self, now: float, before: int, most: int) -> None:
        super().__init__()
        self.now = now
        """The server time: what is kept no longer than that is not found."""
        self.before = before
        """The serial that they come before, or from ``FURTHER`` on another place."""
        self.most = most
        """How many at most."""
        self.handle = b""
        """The handle that they have; empty for any."""
        self.function = b""
        """The function; empty for any."""
        self.unique = b""
        """The unique; empty for any."""
        self.outcome = b""
        """What became of them; empty for any."""
        self.error_part = b""
        """What their last errors have in them, in lower case; empty for any."""
        self.endings: list[Ending] = []
        """The answer."""
        self.looked_at = 0
        """How many the store looked at for that."""
        self.following = 0
        """``before`` of the next slice; 0 if this is the last."""

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.endings = []
        self.looked_at = 0
        self.following = 0

    def takes(self, ending: Ending) -> bool:
        """Tell whether an ending is one that is looked for."""
        if ending.until <= self.now:
            return False
        if self.handle and ending.handle != self.handle:
            return False
        if self.function and ending.function != self.function:
            return False
        if self.outcome and ending.outcome != self.outcome:
            return False
        if self.unique and ending.unique != self.unique:
            return False
        return not self.error_part or self.error_part in ending.error().lower()
