"""Lists of the jobs and dead letters of a MySQL store, a slice at a time."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from geartrain.engine.queries import ListDead, ListJobs
from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.reading import HEADS, Reader
from geartrain.stores.queues import Queue, Queues
from geartrain.stores.slices import (
    LAST,
    MOST_QUEUES,
    SlicePlace,
    due_ranges,
    place_of,
    queues_from,
)

__all__ = ["Lists"]


class Lists:
    """Lists jobs over one connection."""

    def __init__(
        self,
        connection: MysqlConnection,
        prefix: str,
        queues: Queues[Queue],
        reader: Reader,
    ) -> None:
        self._connection = connection
        self._jobs = f"{prefix}jobs"
        self._dead = f"{prefix}dead"
        self._queues = queues
        self._reader = reader

    def jobs(self, query: ListJobs) -> None:
        """Answer a query for jobs, in the order of queue, due time and number.

        Raises:
            StoreError: ``after`` is not from a slice of this list.
        """
        queue, due, number = place_of(query.after)
        some = list(self._queues.by_id.values())
        if query.function is not None:
            some = self._queues.of(query.function)
        for looked_at, each in enumerate(queues_from(some, queue)):
            if each.id != queue:
                due, number = 0, 0
            if len(query.records) >= query.most or looked_at == MOST_QUEUES:
                query.following = SlicePlace(each.id, due, number).token()
                return
            last = self._list_queue(each, query, due, number)
            if last is not None:
                query.following = last.token()
                return

    def _list_queue(
        self, queue: Queue, query: ListJobs, due: int, number: int
    ) -> SlicePlace | None:
        """List the jobs of one queue; return where to go on if there may be more."""
        for least, until in due_ranges(query):
            if due < least:
                due, number = least, 0
            if due >= until:
                continue
            most = query.most - len(query.records)
            place = (due, number)
            rows = self._reader.following(HEADS, queue.id, place, until - 1, most)
            self._take(query, rows)
            if len(rows) >= most:
                return SlicePlace(queue.id, rows[-1][2], rows[-1][0])
        return None

    def dead(self, query: ListDead) -> None:
        """Answer a query for dead letters, in the order of their numbers."""
        after = query.after
        while not query.records:
            rows = self._dead_rows(query, after)
            if not rows:
                return
            self._take(query, rows)
            after = rows[-1][0]

    def _dead_rows(self, query: ListDead, after: int) -> Sequence[Sequence[Any]]:
        comparison, direction = ">", ""
        if query.is_backward:
            comparison, direction = "<", "DESC"
            after = after or LAST
        rest = f"{comparison} {after} ORDER BY number {direction} LIMIT {query.most}"
        if query.function is None:
            return self._connection.rows(
                f"SELECT {HEADS} FROM {self._dead} STRAIGHT_JOIN {self._jobs}"
                f" USING (number) WHERE number {rest}"
            )
        rows = [
            row
            for queue in self._queues.dead_of(query.function)
            for row in self._connection.rows(
                f"SELECT {HEADS} FROM {self._jobs} FORCE INDEX (waiting)"
                f" WHERE queue = {-queue.id} AND due = 0 AND number {rest}"
            )
        ]
        rows.sort(key=itemgetter(0), reverse=query.is_backward)
        return rows[: query.most]

    def _take(self, query: ListJobs | ListDead, rows: Sequence[Sequence[Any]]) -> None:
        records, damaged = self._reader.heads(rows)
        query.records += records
        query.damaged += damaged
