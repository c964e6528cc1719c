"""The methods of ``Admin`` that tell what happens, who is there, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Unpack

from geartrain.admin.batches import BatchRow, batch_row
from geartrain.admin.cluster import ClusterRow, cluster_row
from geartrain.admin.conditions import Conditions, filters_of
from geartrain.admin.connection import AdminConnection, handle_word, word
from geartrain.admin.hooks import HookRow, hook_row
from geartrain.admin.job_rows import DeadGroupRow, JobRow, dead_group_row, job_row
from geartrain.admin.keys import KeyRow, key_row
from geartrain.admin.owners import OwnerRow, owner_row
from geartrain.admin.reasons import WhyRow, why_row
from geartrain.admin.requests import Requests
from geartrain.admin.results import ResultRow
from geartrain.admin.rows import (
    CounterRow,
    FailureRow,
    MarkRow,
    UpcomingRow,
    counter_row,
    failure_row,
    mark_row,
    upcoming_row,
)
from geartrain.admin.servers import OptionRow, ServerRow, option_row, server_row
from geartrain.admin.statistics import (
    SlotRow,
    StatisticsRow,
    function_statistics_row,
    slot_row,
    statistics_row,
)
from geartrain.admin.traces import PacketRow, packet_row
from geartrain.admin.worker_rows import (
    ProcessRow,
    WorkerRow,
    connection_row,
    process_row,
)
from geartrain.seconds import FOREVER, Seconds, number

__all__ = ["Insight"]

_BUCKETS: Final = " buckets=true"


class Insight:
    """What ``Admin`` can tell of what happened, and of who is connected."""

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

    def keys(
        self,
        function: str,
        *,
        sort: str = "waiting",
        match: str | None = None,
        limit: int | None = None,
    ) -> Iterator[KeyRow]:
        """Yield the flow keys of a function that have jobs, at most ``limit``.

        With ``span="all"`` they are those of all job servers, one after another.
        They are asked for slice by slice: one whose place changes meanwhile may come
        twice, or not at all.

        Args:
            function: its name.
            sort: what they are sorted by, the most first: ``waiting``, ``running``, or
                ``oldest`` for how long the first waits; or ``key`` for their names.
                After a ``-`` the least comes first.
            match: only keys with this text in them, or that match this glob.
            limit: the maximum number of keys; None for all.

        Raises:
            RefusedError: there is no such function, or nothing can be sorted so.
        """
        filters = {"sort": sort, "match": match}
        return self._requests.slices(f"keys {word(function)}", filters, limit, key_row)

    def batches(
        self, *, state: str | None = None, limit: int | None = None
    ) -> Iterator[BatchRow]:
        """Yield batches, the latest first, at most ``limit``.

        ``state`` is ``open`` for those that have jobs left, ``ended`` for the others.
        """
        return self._requests.slices("batches", {"state": state}, limit, batch_row)

    def batch(self, name: str) -> BatchRow:
        """Return how far the jobs of a batch are.

        Raises:
            RefusedError: no job was submitted in it, or it is forgotten.
        """
        return self._requests.one(f"batch {word(name)}", batch_row)

    def counters(self) -> list[CounterRow]:
        """Return the counters of each function's jobs."""
        return self._requests.rows("counters", counter_row)

    def statistics(
        self,
        function: str | None = None,
        *,
        over: int = 5,
        minutes: int = 0,
        buckets: bool = False,
    ) -> StatisticsRow:
        """Return what there is of a function's jobs, or of all, and what happened.

        Args:
            function: its name; None for all together.
            over: minutes that ``recent`` goes back, from 1 to 60.
            minutes: how many of the last minutes to tell one by one, up to 60.
            buckets: have ``Times.buckets``.

        Raises:
            RefusedError: there is no such function.
        """
        which = " limit=0" if function is None else f" function={_name(function)}"
        some = f" minutes={minutes}" if minutes else ""
        line = f"statistics{which} over={over}{some}{_BUCKETS if buckets else ''}"
        return self._requests.one(line, statistics_row)

    def statistics_by_function(
        self,
        *,
        match: str | None = None,
        sort: str = "waiting",
        limit: int | None = None,
        over: int = 5,
        minutes: int = 0,
        buckets: bool = False,
    ) -> Iterator[StatisticsRow]:
        """Yield the same function by function, at most ``limit``.

        They are asked for slice by slice: one whose place changes meanwhile may come
        twice, or not at all.

        Args:
            match: only functions with this text in their names, or that match this
                glob.
            sort: what they are sorted by, the most first: one of ``StatisticsRow.now``
                or ``Measures.counts``, or ``function`` for their names. With
                ``recent.`` before it the last minutes count; after a ``-`` the least
                comes first.
            limit: the maximum number of functions.
            over: minutes that ``recent`` goes back, from 1 to 60.
            minutes: how many of the last minutes to tell one by one, up to 60.
            buckets: have ``Times.buckets``.
        """
        filters = {"match": match, "sort": sort, "over": str(over)}
        if minutes:
            filters["minutes"] = str(minutes)
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
        self, *, limit: int | None = None, **conditions: Unpack[Conditions]
    ) -> Iterator[JobRow]:
        """Yield the jobs that have ended, the latest first, at most ``limit``.

        A ``state`` is a way to end: ``succeeded``, ``failed``, ``dead``, ``expired``,
        ``cancelled``, ``abandoned`` or ``dropped``.

        Raises:
            OptionError: a condition is empty, and would let everything pass.
        """
        return self._requests.slices("history", filters_of(conditions), limit, job_row)

    def upcoming(
        self,
        *,
        function: str | None = None,
        kind: str | None = None,
        limit: int = 100,
    ) -> list[UpcomingRow]:
        """Return what comes, the soonest first.

        Args:
            function: only what is for this function.
            kind: only ``job``, ``schedule`` or ``stored``.
            limit: the maximum number of rows, 1000 at most.
        """
        filters = {"function": function, "kind": kind}
        given = [f" {name}={word(value)}" for name, value in filters.items() if value]
        line = f"upcoming limit={limit}{''.join(given)}"
        return self._requests.rows(line, upcoming_row)

    def failures(
        self, *, function: str | None = None, limit: int = 100
    ) -> list[FailureRow]:
        """Return what made jobs fail lately, the most frequent first.

        Args:
            function: only jobs of this function.
            limit: the maximum number of rows, 1000 at most.
        """
        which = "" if function is None else f" function={_name(function)}"
        return self._requests.rows(f"failures{which} limit={limit}", failure_row)

    def options(self) -> list[OptionRow]:
        """Return the options that the job server runs with, and where each is from.

        With ``span="all"`` they are those of all job servers, one after another.
        """
        return self._requests.rows("server options", option_row)

    def cluster(self) -> list[ClusterRow]:
        """Return the job server as a node, and the peers that it knows."""
        return self._requests.rows("cluster", cluster_row)

    def servers(self, *, span: str | None = None) -> list[ServerRow]:
        """Return how the job server is, and how much it has to do.

        Where all are asked there is a row for each, that of the one that was asked
        first; ``unanswered`` tells whose are missing.

        Args:
            span: ``Admin``'s, for this question alone; None for that of ``Admin``.

        Raises:
            OptionError: ``span`` is none.
        """
        with self._connection.about(span):
            return self._requests.rows("server", server_row)

    def hooks(self) -> list[HookRow]:
        """Return the hooks, and what became of the latest messages to each."""
        return self._requests.rows("hooks", hook_row)

    def dead_groups(
        self, *, function: str | None = None, limit: int = 100
    ) -> list[DeadGroupRow]:
        """Return the kinds of dead letters among the latest, the most frequent first.

        They are told apart by function, reason and error; ``limit`` is the maximum
        number of kinds, up to 1,000.
        """
        which = "" if function is None else f" function={_name(function)}"
        return self._requests.rows(f"dead groups limit={limit}{which}", dead_group_row)

    def marks(
        self, *, function: str | None = None, limit: int | None = None
    ) -> Iterator[MarkRow]:
        """Yield when the job server started and ended, and functions had no worker.

        The latest come first, at most ``limit``; with ``function`` only its own and
        those of the job server.
        """
        return self._requests.slices("marks", {"function": function}, limit, mark_row)

    def find_connections(
        self,
        *,
        function: str | None = None,
        kind: str | None = None,
        match: str | None = None,
        sort: str = "-number",
        limit: int | None = None,
    ) -> Iterator[WorkerRow]:
        """Yield some connections, at most ``limit``, slice by slice.

        Args:
            function: only those that serve this function.
            kind: only those of a kind, such as ``worker``: see ``WorkerRow``.
            match: only those with this text in their client ids or addresses, or that
                match this glob.
            sort: ``number``, ``address``, ``id``, ``running``, ``succeeded``,
                ``failed`` or ``silent``, the most first; after a ``-`` the least.
            limit: the maximum number of connections.

        Raises:
            RefusedError: there is no such function, or the job server is gearmand.
        """
        filters = {"function": function, "kind": kind, "match": match, "sort": sort}
        return self._requests.slices("show connections", filters, limit, connection_row)

    def processes(self, *, match: str | None = None) -> list[ProcessRow]:
        """Return the worker processes that supervisors tell of.

        ``match`` is a text in their hosts or targets, or a glob.

        Raises:
            RefusedError: the job server is gearmand.
        """
        filters = {"match": match}
        return list(self._requests.slices("show processes", filters, None, process_row))

    def owners(
        self, *, match: str | None = None, limit: int | None = None
    ) -> Iterator[OwnerRow]:
        """Yield what each owner uses of what its limits allow, the fullest first.

        ``match`` is a text in their names, or a glob. With ``span="all"`` there are
        those of all job servers, one after another.

        Raises:
            RefusedError: the job server is gearmand.
        """
        return self._requests.slices("show owners", {"match": match}, limit, owner_row)

    def trace(
        self,
        connection: str | int,
        *,
        limit: int = 1000,
        seconds: float = 60.0,
        first: int = 64,
    ) -> Iterator[PacketRow]:
        """Return each packet of a connection as it passes, until the trace ends.

        Whoever does not wait for that closes the connection of this ``Admin``, whose
        timeout has to be longer than ``seconds``.

        Args:
            connection: its number, or the address of the host that connections come
                from, now and while the trace lasts.
            limit: end after so many packets, at most 10,000.
            seconds: end after so many seconds, at most 3600.
            first: how many bytes of each to tell, at most 1024.

        Raises:
            RefusedError: there is no such connection.
        """
        which = word(str(connection)) or "%00"
        line = f"trace {which} limit={limit} seconds={seconds} first={first}"
        return map(packet_row, self._connection.stream(line))


def _name(function: str) -> str:
    """Return a name as the value of an argument; no function has a NUL in its name."""
    return word(function) or "%00"
