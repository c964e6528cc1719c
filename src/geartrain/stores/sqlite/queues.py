"""The queues of a SQLite store: what is kept for each function and priority."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Final
from zlib import crc32

from geartrain.stores.sqlite.damage import DamageError
from geartrain.stores.sqlite.rows import seal
from geartrain.stores.sqlite.schema import Value, chunks, tuples

__all__ = ["Queue", "Queues"]

_COLUMNS: Final = "id, function, priority, ready, delayed, dead, sum"
_TYPES: Final = (int, bytes, int, int, int, int, int)
_WIDTH: Final = len(_TYPES)


class Queue:
    """One function and priority.

    Attributes:
        id: what its jobs have as ``queue``; its dead letters have ``-id``.
        function: the function's name.
        priority: ``Priority`` as a number.
        ready: jobs without a due time.
        delayed: jobs with one.
        dead: dead letters.
        seal: the checksum beside the head of a job that is ready and has never failed.
        before: ready, delayed and dead before this commit; None if it is untouched.
    """

    __slots__ = (
        "before",
        "dead",
        "delayed",
        "function",
        "id",
        "priority",
        "ready",
        "seal",
    )

    def __init__(self, number: int, function: bytes, priority: int) -> None:
        self.id = number
        self.function = function
        self.priority = priority
        self.ready = 0
        self.delayed = 0
        self.dead = 0
        self.seal = seal(number, 0, 0, None)
        self.before: tuple[int, int, int] | None = None

    def checksum(self) -> int:
        """Return the checksum of its row."""
        fields = (self.id, self.priority, self.ready, self.delayed, self.dead)
        return crc32(self.function, crc32(b"%d %d %d %d %d" % fields))

    def values(self) -> tuple[Value, ...]:
        """Return its row."""
        return (
            self.id,
            self.function,
            self.priority,
            self.ready,
            self.delayed,
            self.dead,
            self.checksum(),
        )


class Queues:
    """All queues, and which of them this commit has changed.

    Attributes:
        by_id: the queues by their numbers.
    """

    def __init__(self) -> None:
        self.by_id: dict[int, Queue] = {}
        self._by_name: dict[tuple[bytes, int], Queue] = {}
        self._by_function: dict[bytes, list[Queue]] = {}
        self._touched: list[Queue] = []
        self._made: list[Queue] = []
        self._next = 1

    def load(self, connection: sqlite3.Connection) -> None:
        """Read all queues, and forget those that are empty.

        Raises:
            DamageError: a row is not as it was written.
        """
        # Empty rows are only a nuisance, and a full disk must not prevent the start.
        with suppress(sqlite3.OperationalError):
            connection.execute(
                "DELETE FROM queues WHERE ready = 0 AND delayed = 0 AND dead = 0"
            )
        for row in connection.execute(f"SELECT {_COLUMNS} FROM queues").fetchall():
            self._keep(_queue(row))
        self._next = max(self.by_id, default=0) + 1

    def find(self, function: bytes, priority: int) -> Queue | None:
        """Return the queue of a function and priority, if there is one."""
        return self._by_name.get((function, priority))

    def of(self, function: bytes) -> list[Queue]:
        """Return the queues of a function, in the order of their priorities."""
        found = self._by_function.get(function, [])
        return sorted(found, key=lambda queue: queue.priority)

    def change(self, function: bytes, priority: int) -> Queue:
        """Return a queue whose counts are about to change; make it if need be."""
        queue = self._by_name.get((function, priority))
        if queue is None:
            queue = Queue(self._next, function, priority)
            self._next += 1
            self._made.append(queue)
            self._keep(queue)
        if queue.before is None:
            self.touch(queue)
        return queue

    def touch(self, queue: Queue) -> None:
        """Note that the counts of a queue are about to change."""
        if queue.before is None:
            queue.before = (queue.ready, queue.delayed, queue.dead)
            self._touched.append(queue)

    def count(self, queue: int, due: int, change: int) -> None:
        """Count jobs of a queue, or dead letters of a negative one.

        An unknown queue is ignored, and no count goes below 0: a damaged row must not
        keep others from being written. ``store check`` reports such counts.
        """
        found = self.by_id.get(abs(queue))
        if found is None:
            return
        self.touch(found)
        if queue < 0:
            found.dead = max(0, found.dead + change)
        elif due:
            found.delayed = max(0, found.delayed + change)
        else:
            found.ready = max(0, found.ready + change)

    def write(self, cursor: sqlite3.Cursor) -> None:
        """Write the queues that were touched."""
        values: list[Value] = []
        for queue in self._touched:
            values += queue.values()
        for part in chunks(values, _WIDTH):
            cursor.execute(
                f"INSERT INTO queues({_COLUMNS}) "
                f"{tuples(len(part) // _WIDTH, _WIDTH)} "
                "ON CONFLICT(id) DO UPDATE SET ready = excluded.ready, "
                "delayed = excluded.delayed, dead = excluded.dead, sum = excluded.sum",
                part,
            )

    def settle(self) -> None:
        """Note that the commit has succeeded."""
        for queue in self._touched:
            queue.before = None
        self._touched.clear()
        self._made.clear()

    def undo(self) -> None:
        """Take back what was counted since the last commit that succeeded."""
        for queue in self._touched:
            if queue.before is not None:
                queue.ready, queue.delayed, queue.dead = queue.before
        for queue in self._made:
            del self.by_id[queue.id]
            del self._by_name[queue.function, queue.priority]
            self._by_function[queue.function].remove(queue)
        self.settle()

    def _keep(self, queue: Queue) -> None:
        self.by_id[queue.id] = queue
        self._by_name[queue.function, queue.priority] = queue
        self._by_function.setdefault(queue.function, []).append(queue)


def _queue(row: tuple[object, ...]) -> Queue:
    number, function, priority, ready, delayed, dead, checksum = row
    if (
        isinstance(number, int)
        and isinstance(function, bytes)
        and isinstance(priority, int)
        and isinstance(ready, int)
        and isinstance(delayed, int)
        and isinstance(dead, int)
    ):
        queue = Queue(number, function, priority)
        queue.ready, queue.delayed, queue.dead = ready, delayed, dead
        if queue.checksum() == checksum:
            return queue
    raise DamageError(f"the counts of queue {number!r} are damaged")
