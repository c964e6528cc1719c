"""The queues of a SQLite store: what is kept for each function and priority.

The row of a flow key's queue has a priority that is 3 higher, and as its name the
length of the function's name, that name and the key.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from struct import Struct
from typing import Final
from zlib import crc32

from geartrain.stores.queues import Queue, Queues
from geartrain.stores.sqlite.damage import DamageError
from geartrain.stores.sqlite.rows import seal
from geartrain.stores.sqlite.schema import Value, chunks, places, tuples

__all__ = ["SqliteQueue", "SqliteQueues", "queue_named"]

_COLUMNS: Final = "id, function, priority, ready, delayed, dead, sum"
_TYPES: Final = (int, bytes, int, int, int, int, int)
_WIDTH: Final = len(_TYPES)

# From this priority on queues are of one flow key, and names begin with a length.
_KEYED: Final = 3
_LENGTH: Final = Struct("<I")


class SqliteQueue(Queue):
    """A queue as a row with a checksum.

    Attributes:
        seal: the checksum beside the head of a job that is ready and has never failed.
    """

    __slots__ = ("seal",)

    def __init__(
        self, number: int, function: bytes, priority: int, key: bytes = b""
    ) -> None:
        super().__init__(number, function, priority, key)
        self.seal = seal(number, 0, 0, None)

    def name(self) -> tuple[bytes, int]:
        """Return its name and priority as its row has them."""
        if not self.key:
            return self.function, self.priority
        length = _LENGTH.pack(len(self.function))
        return length + self.function + self.key, self.priority + _KEYED

    def checksum(self) -> int:
        """Return the checksum of its row."""
        return self._checksum(*self.name())

    def _checksum(self, name: bytes, priority: int) -> int:
        fields = (self.id, priority, self.ready, self.delayed, self.dead)
        return crc32(name, crc32(b"%d %d %d %d %d" % fields))

    def values(self) -> tuple[Value, ...]:
        """Return its row."""
        name, priority = self.name()
        checksum = self._checksum(name, priority)
        return (
            self.id,
            name,
            priority,
            self.ready,
            self.delayed,
            self.dead,
            checksum,
        )


class SqliteQueues(Queues[SqliteQueue]):
    """All queues of a file, and which of them this commit has changed."""

    def make(
        self, number: int, function: bytes, priority: int, key: bytes
    ) -> SqliteQueue:
        """Return an empty queue."""
        return SqliteQueue(number, function, priority, key)

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
            self.keep(_queue(row))

    def write(self, cursor: sqlite3.Cursor) -> None:
        """Write the queues that were touched, and delete keys' that became empty."""
        values: list[Value] = []
        over: list[Value] = []
        for queue in self.touched:
            if queue.is_over():
                over.append(queue.id)
            else:
                values += queue.values()
        for part in chunks(over):
            cursor.execute(f"DELETE FROM queues WHERE id IN {places(len(part))}", part)
        for part in chunks(values, _WIDTH):
            cursor.execute(
                f"INSERT INTO queues({_COLUMNS}) "
                f"{tuples(len(part) // _WIDTH, _WIDTH)} "
                "ON CONFLICT(id) DO UPDATE SET ready = excluded.ready, "
                "delayed = excluded.delayed, dead = excluded.dead, sum = excluded.sum",
                part,
            )


def queue_named(number: int, name: object, priority: object) -> SqliteQueue | None:
    """Return a queue whose row has this name and priority; None if none can."""
    if type(name) is not bytes or type(priority) is not int:
        return None
    if 0 <= priority < _KEYED:
        return SqliteQueue(number, name, priority)
    if not _KEYED <= priority < 2 * _KEYED or len(name) <= _LENGTH.size:
        return None
    end = _LENGTH.size + _LENGTH.unpack_from(name)[0]
    if end >= len(name):
        return None
    return SqliteQueue(number, name[_LENGTH.size : end], priority - _KEYED, name[end:])


def _queue(row: tuple[object, ...]) -> SqliteQueue:
    number, name, priority, ready, delayed, dead, checksum = row
    if (
        isinstance(number, int)
        and isinstance(ready, int)
        and isinstance(delayed, int)
        and isinstance(dead, int)
    ):
        queue = queue_named(number, name, priority)
        if queue is not None:
            queue.ready, queue.delayed, queue.dead = ready, delayed, dead
            if queue.checksum() == checksum:
                return queue
    raise DamageError(f"the counts of queue {number!r} are damaged")
