"""The methods of ``Admin`` that tell what happened, and why something did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.admin.connection import AdminConnection, handle_word, word
from geartrain.admin.job_rows import JobRow, job_row
from geartrain.admin.reasons import WhyRow, why_row
from geartrain.admin.requests import Requests
from geartrain.admin.results import ResultRow
from geartrain.admin.rows import CounterRow, MarkRow, counter_row, mark_row
from geartrain.admin.statistics import (
    SlotRow,
    StatisticsRow,
    function_statistics_row,
    slot_row,
    statistics_row,
)
from geartrain.seconds import FOREVER, Seconds, number

__all__ = ["Insight"]

_BUCKETS: Final = " buckets=true"


class Insight:
    """What ``Admin`` can tell of what happened."""

    def __init__(self, connection: AdminConnection) -> None:
        self._connection = connection
        self._requests = Requests(connection)

    def result(self, handle: str, timeout: Seconds = 0.0) -> ResultRow:
        """Return what became of a job, and its result if it is kept.

        ``timeout`` is how many seconds to wait for its end. A job that has not ended by
        then, or is not known, is a row, too: see its ``state``.

        Raises:
            OptionError: the timeout is not a number.
        """
        seconds = number(timeout, "timeout")
        return self._requests.result(handle, min(seconds, FOREVER))

    def why(self, handle: str) -> WhyRow:
        """Return why a job does not run, who runs it, or how it ended.

        One that nobody knows is a row, too: its ``state`` is ``unknown``.
        """
        return self._requests.one(f"why {handle_word(handle)}", why_row)

    def counters(self) -> list[CounterRow]:
        """Return the counters of each function's jobs."""
        return self._requests.rows("counters", counter_row)

    def statistics(
        self, function: str | None = None, *, over: int = 5, buckets: bool = False
    ) -> StatisticsRow:
        """Return what there is of a function's jobs, or of all, and what happened.

        Args:
            function: its name; None for all together.
            over: minutes that ``recent`` goes back, from 1 to 60.
            buckets: have ``Times.buckets``.

        Raises:
            RefusedError: there is no such function.
        """
        which = " limit=0" if function is None else f" function={_name(function)}"
        line = f"statistics{which} over={over}{_BUCKETS if buckets else ''}"
        return self._requests.one(line, statistics_row)

    def statistics_by_function(
        self,
        *,
        sort: str = "waiting",
        limit: int | None = None,
        over: int = 5,
        buckets: bool = False,
    ) -> Iterator[StatisticsRow]:
        """Yield the same function by function, at most ``limit``.

        They are asked for slice by slice: one whose place changes meanwhile may come
        twice, or not at all.

        Args:
            sort: what they are sorted by, the most first: one of ``StatisticsRow.now``
                or ``Measures.counts``, or ``function`` for their names.
            limit: the maximum number of functions.
            over: minutes that ``recent`` goes back, from 1 to 60.
            buckets: have ``Times.buckets``.
        """
        filters = {"sort": sort, "over": str(over)}
        if buckets:
            filters["buckets"] = "true"
        return self._requests.slices(
            "statistics", filters, limit, function_statistics_row
        )

    def statistics_by_time(
        self, by: str, function: str | None = None, *, buckets: bool = False
    ) -> list[SlotRow]:
        """Return what happened minute by minute, or hour by hour, the oldest first.

        Those in which nothing happened are left out. The last hour is there by the
        minute, and the last three days by the hour.

        Args:
            by: ``minute`` or ``hour``.
            function: its name; None for all together.
            buckets: have ``Times.buckets``.

        Raises:
            RefusedError: there is no such function.
        """
        which = "" if function is None else f" function={_name(function)}"
        line = f"statistics by={word(by) or '%00'}{which}"
        return self._requests.rows(line + (_BUCKETS if buckets else ""), slot_row)

    def history(
        self,
        *,
        function: str | None = None,
        state: str | None = None,
        unique: str | None = None,
        error: str | None = None,
        limit: int | None = None,
    ) -> Iterator[JobRow]:
        """Yield the jobs that have ended, the latest first, at most ``limit``.

        Args:
            function: only jobs of this function.
            state: only jobs that ended so: ``succeeded``, ``failed``, ``dead``,
                ``expired``, ``cancelled`` or ``abandoned``.
            unique: only jobs with this unique.
            error: only jobs whose last error has this text, in whatever case.
            limit: the maximum number of jobs.

        Raises:
            OptionError: a filter is empty, and would let everything pass.
        """
        filters = {
            "function": function,
            "state": state,
            "unique": unique,
            "error": error,
        }
        return self._requests.slices("history", filters, limit, job_row)

    def marks(
        self, *, function: str | None = None, limit: int | None = None
    ) -> Iterator[MarkRow]:
        """Yield when the job server started and ended, and functions had no worker.

        The latest come first, at most ``limit``; with ``function`` only its own and
        those of the job server.
        """
        return self._requests.slices("marks", {"function": function}, limit, mark_row)


def _name(function: str) -> str:
    """Return a name as the value of an argument; no function has a NUL in its name."""
    return word(function) or "%00"
