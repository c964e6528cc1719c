"""The queues of a store that may be damaged: whose jobs its rows are."""

from __future__ import annotations

import sqlite3
from typing import Final

from geartrain.stores.salvage.scan import Row, Scan, both_ways
from geartrain.stores.sqlite.queues import SqliteQueue, SqliteQueues, queue_named
from geartrain.texts import quoted

__all__ = ["KeptQueues"]

_COLUMNS: Final = "id, function, priority, ready, delayed, dead, sum"
_NAMES: Final = "SELECT id, function, priority FROM queues"

_Name = tuple[bytes, int]


class KeptQueues:
    """The queues of a file, as far as they can be told.

    Function and priority are both in the table and in its index, so that one damaged
    row does not lose all jobs of a function.

    Attributes:
        queues: what can be told of them.
        uncounted: the numbers of those whose counts are damaged.
        problems: what is wrong with them.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.queues = SqliteQueues()
        self.uncounted: set[int] = set()
        self.problems: list[str] = []
        self._indexed = _indexed(connection)
        self._scan = Scan(connection, "queues", "id", _COLUMNS)
        for row in self._scan.rows():
            self._take(row)
        self._take_indexed()

    def expected(self) -> int | None:
        """Return how many jobs and dead letters are counted; None if not all are."""
        if self._scan.reason or self.problems:
            return None
        queues = self.queues.by_id.values()
        return sum(queue.ready + queue.delayed + queue.dead for queue in queues)

    def _take(self, row: Row) -> None:
        number, function, priority, *counts, checksum = row
        name = (function, priority)
        indexed = self._indexed.get(number)
        for each in (name, indexed):
            queue = _queue(number, each)
            if queue is None or not all(type(count) is int for count in counts):
                continue
            queue.ready, queue.delayed, queue.dead = counts
            if queue.checksum() == checksum:
                self.queues.by_id[number] = queue
                self._scan.keep(number)
                return
        if name == indexed:
            self._take_uncounted(number, indexed)

    def _take_indexed(self) -> None:
        """Take what only the index says, which is better than nothing."""
        for number, name in self._indexed.items():
            if not self._scan.has(number) and number not in self.uncounted:
                self._take_uncounted(number, name)
        if self._scan.reason:
            self.problems.append(
                "the table of functions is damaged, and with functions that cannot be "
                f"told their jobs are lost: {self._scan.reason}"
            )

    def _take_uncounted(self, number: int, name: _Name) -> None:
        queue = _queue(number, name)
        if queue is None:
            return
        self.queues.by_id[number] = queue
        self.uncounted.add(number)
        self.problems.append(
            f"the row of function {quoted(queue.function)} and priority "
            f"{queue.priority} is damaged: the counts of its jobs are lost"
        )


def _queue(number: int, name: _Name | None) -> SqliteQueue | None:
    """Return a queue of a name, if it can be one."""
    return None if name is None else queue_named(number, name[0], name[1])


def _indexed(connection: sqlite3.Connection) -> dict[int, _Name]:
    rows = both_ways(connection, _NAMES, "function", "priority")
    return {number: (function, priority) for number, function, priority in rows}
