"""Queries: what the engine has a store look up, and gets back with a batch.

A driver hands the queries of a batch to the store once the commit has ended, well or
not, and the batch back to the engine with their answers in them.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.records import JobRecord

__all__ = [
    "FULL_PAGE",
    "DuePage",
    "FindDead",
    "FindJob",
    "FindKey",
    "ListDead",
    "ListJobs",
    "Page",
    "Query",
]


FULL_PAGE: Final = 4
"""The weight of a page of up to a thousand jobs; only a few are read at a time. That of
a few small jobs has a weight of 1: a commit may bring those of many flow keys.
"""


class Query:
    """Something to look up."""

    def __init__(self) -> None:
        self.error = ""
        """Why the store could not say; empty if it could."""
        self.damaged: list[int] = []
        """The numbers of jobs that should be in the answer but cannot be read."""
        self.is_torn = False
        """That is because of whole pages of the store, not of single jobs."""

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        self.error = ""
        self.damaged = []
        self.is_torn = False


class Page(Query):
    """The next jobs without a due time of one queue, by number.

    A queue is what waits of one function and priority, and of one flow key or none.
    """

    def __init__(
        self,
        function: bytes,
        priority: int,
        after: int,
        most: int,
        largest: int = 0,
    ) -> None:
        super().__init__()
        self.queue_key = b""
        """The flow key; empty for a function's own queue."""
        self.weight = FULL_PAGE
        """What of the pages that may be read at a time it is."""
        self.largest = largest
        """The bytes of the largest workload to read; 0 is without limit."""
        self.oversized: list[int] = []
        """The numbers of jobs that would be in it with smaller workloads."""
        self.function = function
        """The function's name."""
        self.priority = priority
        """``Priority`` as a number."""
        self.after = after
        """The number they come after."""
        self.most = most
        """How many at most; a store may return fewer where workloads are large, but
        but at least one if there is any.
        """
        self.records: list[JobRecord] = []
        """The answer, workloads included."""

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.records = []
        self.oversized = []


class DuePage(Query):
    """The next jobs whose due time has come, of one queue and clock."""

    def __init__(
        self,
        function: bytes,
        priority: int,
        after: tuple[float, int],
        until: float,
        most: int,
        is_steady: bool = False,
        largest: int = 0,
    ) -> None:
        super().__init__()
        self.queue_key = b""
        """As in ``Page``."""
        self.weight = FULL_PAGE
        """As in ``Page``."""
        self.largest = largest
        """As in ``Page``."""
        self.oversized: list[int] = []
        """As in ``Page``."""
        self.function = function
        """The function's name."""
        self.priority = priority
        """``Priority`` as a number."""
        self.after = after
        """Due time and number they come after, in the order of these two."""
        self.until = until
        """The latest due time."""
        self.most = most
        """How many at most, as in ``Page``."""
        self.is_steady = is_steady
        """All of these times are server times; else they are the calendar's."""
        self.records: list[JobRecord] = []
        """The answer, workloads included."""
        self.next_due = 0.0
        """The earliest due time after ``until``; 0 for none."""

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.records = []
        self.oversized = []
        self.next_due = 0.0


class FindJob(Query):
    """The job with a number."""

    def __init__(self, number: int, with_workload: bool = True, first: int = 0) -> None:
        super().__init__()
        self.number = number
        """The number."""
        self.with_workload = with_workload
        """The answer is to have its workload."""
        self.first = first
        """The first bytes of it are enough; 0 is for all. There may be more."""
        self.is_anywhere = False
        """It may be another job server's, where the store is shared."""
        self.record: JobRecord | None = None
        """The answer; None if no such job is kept."""


class FindKey(Query):
    """A job that others coalesce with by a key."""

    def __init__(self, key: bytes, function: bytes | None, other: int = 0) -> None:
        super().__init__()
        self.key = key
        """The key."""
        self.function = function
        """The function it is of; None for whichever is found first."""
        self.other = other
        """The number of a job with this key that is not meant; 0 for none."""
        self.record: JobRecord | None = None
        """The answer, without its workload; None if no such job is kept."""


class ListJobs(Query):
    """A slice of the jobs kept, without their workloads."""

    def __init__(self, after: bytes, most: int, function: bytes | None) -> None:
        super().__init__()
        self.after = after
        """Where the slice before ended; empty for the first."""
        self.most = most
        """How many at most."""
        self.function = function
        """The function they are of; None for all."""
        self.due_from = 0.0
        """The least due time by the calendar, in seconds since 1970; 0 includes those
        without one.
        """
        self.due_until = float("inf")
        """The due time by the calendar that they are before."""
        self.steady_from = 0.0
        """The least due time of those whose due time is a server time."""
        self.steady_until = float("inf")
        """The server time that these are before."""
        self.records: list[JobRecord] = []
        """The answer."""
        self.following = b""
        """``after`` of the next slice; empty if this is the last."""

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.records = []
        self.following = b""


class ListDead(Query):
    """A slice of the dead letters, by number, without their workloads."""

    def __init__(self, after: int, most: int, function: bytes | None) -> None:
        super().__init__()
        self.after = after
        """The number they come after."""
        self.most = most
        """How many at most."""
        self.function = function
        """The function they are of; None for all."""
        self.is_backward = False
        """They come before ``after`` instead, the highest number first; 0 is no end."""
        self.records: list[JobRecord] = []
        """The answer; the last one's number is the next slice's ``after``."""


class FindDead(Query):
    """The dead letter with a number."""

    def __init__(self, number: int, with_workload: bool = True, first: int = 0) -> None:
        super().__init__()
        self.number = number
        """The number."""
        self.with_workload = with_workload
        """The answer is to have its workload."""
        self.first = first
        """The first bytes of it are enough; 0 is for all. There may be more."""
        self.is_anywhere = False
        """As in ``FindJob``."""
        self.record: JobRecord | None = None
        """The answer; None if no such one is kept."""
