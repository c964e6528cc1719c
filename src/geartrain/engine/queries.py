"""Queries: what the engine has a store look up, and gets back with a batch.

A driver hands the queries of a batch to the store once the commit has ended, well or
not, and the batch back to the engine with their answers in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.engine.records import JobRecord

__all__ = [
    "DuePage",
    "FindDead",
    "FindJob",
    "FindKey",
    "ListDead",
    "ListJobs",
    "Page",
    "Query",
]


class Query:
    """Something to look up.

    Attributes:
        error: why the store could not say; empty if it could.
        damaged: the numbers of jobs that should be in the answer but cannot be read.
        is_torn: that is because of whole pages of the store, not of single jobs.
    """

    __slots__ = ("damaged", "error", "is_torn")

    def __init__(self) -> None:
        self.error = ""
        self.damaged: list[int] = []
        self.is_torn = False

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        self.error = ""
        self.damaged = []
        self.is_torn = False


class Page(Query):
    """The next jobs without a due time of one function and priority, by number.

    Attributes:
        function: the function's name.
        priority: ``Priority`` as a number.
        after: the number they come after.
        most: how many at most; a store may return fewer where workloads are large,
            but never none while there is one.
        largest: the bytes of the largest workload to read; 0 is without limit.
        records: the answer, workloads included.
        oversized: the numbers of jobs that would be in it with smaller workloads.
    """

    __slots__ = (
        "after",
        "function",
        "largest",
        "most",
        "oversized",
        "priority",
        "records",
    )

    def __init__(
        self,
        function: bytes,
        priority: int,
        after: int,
        most: int,
        largest: int = 0,
    ) -> None:
        super().__init__()
        self.largest = largest
        self.oversized: list[int] = []
        self.function = function
        self.priority = priority
        self.after = after
        self.most = most
        self.records: list[JobRecord] = []

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.records = []
        self.oversized = []


class DuePage(Query):
    """The next jobs whose due time has come, of one function, priority and clock.

    Attributes:
        function: the function's name.
        priority: ``Priority`` as a number.
        after: due time and number they come after, in the order of these two.
        until: the latest due time.
        most: how many at most, as in ``Page``.
        largest: as in ``Page``.
        is_steady: all of these times are server times; else they are the calendar's.
        records: the answer, workloads included.
        oversized: as in ``Page``.
        next_due: the earliest due time after ``until``; 0 for none.
    """

    __slots__ = (
        "after",
        "function",
        "is_steady",
        "largest",
        "most",
        "next_due",
        "oversized",
        "priority",
        "records",
        "until",
    )

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
        self.largest = largest
        self.oversized: list[int] = []
        self.function = function
        self.priority = priority
        self.after = after
        self.until = until
        self.most = most
        self.is_steady = is_steady
        self.records: list[JobRecord] = []
        self.next_due = 0.0

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.records = []
        self.oversized = []
        self.next_due = 0.0


class FindJob(Query):
    """The job with a number.

    Attributes:
        number: the number.
        with_workload: the answer is to have its workload.
        record: the answer; None if no such job is kept.
    """

    __slots__ = ("number", "record", "with_workload")

    def __init__(self, number: int, with_workload: bool = True) -> None:
        super().__init__()
        self.number = number
        self.with_workload = with_workload
        self.record: JobRecord | None = None


class FindKey(Query):
    """A job that others coalesce with by a key.

    Attributes:
        key: the key.
        function: the function it is of; None for whichever is found first.
        record: the answer, without its workload; None if no such job is kept.
    """

    __slots__ = ("function", "key", "record")

    def __init__(self, key: bytes, function: bytes | None) -> None:
        super().__init__()
        self.key = key
        self.function = function
        self.record: JobRecord | None = None


class ListJobs(Query):
    """A slice of the jobs kept, without their workloads.

    Attributes:
        after: where the slice before ended; empty for the first.
        most: how many at most.
        function: the function they are of; None for all.
        due_from: the least due time by the calendar, in seconds since 1970; 0
            includes those without one.
        due_until: the due time by the calendar that they are before.
        steady_from: the least due time of those whose due time is a server time.
        steady_until: the server time that these are before.
        records: the answer.
        following: ``after`` of the next slice; empty if this is the last.
    """

    __slots__ = (
        "after",
        "due_from",
        "due_until",
        "following",
        "function",
        "most",
        "records",
        "steady_from",
        "steady_until",
    )

    def __init__(self, after: bytes, most: int, function: bytes | None) -> None:
        super().__init__()
        self.after = after
        self.most = most
        self.function = function
        self.due_from = 0.0
        self.due_until = float("inf")
        self.steady_from = 0.0
        self.steady_until = float("inf")
        self.records: list[JobRecord] = []
        self.following = b""

    def begin_again(self) -> None:
        """Forget the answer, such as it is: it will be given anew."""
        super().begin_again()
        self.records = []
        self.following = b""


class ListDead(Query):
    """A slice of the dead letters, by number, without their workloads.

    Attributes:
        after: the number they come after.
        most: how many at most.
        function: the function they are of; None for all.
        records: the answer; the last one's number is the next slice's ``after``.
    """

    __slots__ = ("after", "function", "most", "records")

    def __init__(self, after: int, most: int, function: bytes | None) -> None:
        super().__init__()
        self.after = after
        self.most = most
        self.function = function
        self.records: list[JobRecord] = []


class FindDead(Query):
    """The dead letter with a number.

    Attributes:
        number: the number.
        with_workload: the answer is to have its workload.
        record: the answer; None if no such one is kept.
    """

    __slots__ = ("number", "record", "with_workload")

    def __init__(self, number: int, with_workload: bool = True) -> None:
        super().__init__()
        self.number = number
        self.with_workload = with_workload
        self.record: JobRecord | None = None
