"""The queues of a MySQL store: rows with counts."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.statements import among, row_of, wide
from geartrain.stores.queues import Queue, Queues

__all__ = ["MysqlQueues"]


class MysqlQueues(Queues[Queue]):
    """All queues of a store, and which of them this commit has changed."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._table = f"{prefix}queues"

    def make(self, number: int, function: bytes, priority: int, key: bytes) -> Queue:
        """Return an empty queue."""
        return Queue(number, function, priority, key)

    def load(self, connection: MysqlConnection) -> None:
        """Read all queues; of those that are empty only functions' own are kept."""
        rows = connection.rows(
            "SELECT id, function, priority, flow_key, ready, timed, dead"
            f" FROM {self._table}"
        )
        for number, function, priority, key, ready, delayed, dead in rows:
            queue = Queue(number, function, priority, key)
            queue.ready, queue.delayed, queue.dead = ready, delayed, dead
            self.keep(queue)

    def clean(self, connection: MysqlConnection) -> None:
        """Delete the rows of queues that are empty."""
        connection.run(
            (f"DELETE FROM {self._table} WHERE ready = 0 AND timed = 0 AND dead = 0",)
        )

    def written(self) -> Iterator[str]:
        """Return the statements that write the queues that were touched."""
        over = [queue.id for queue in self.touched if queue.is_over()]
        yield from among(f"DELETE FROM {self._table} WHERE id", over)
        rows = (
            row_of(
                queue.id,
                queue.function,
                queue.priority,
                queue.key,
                queue.ready,
                queue.delayed,
                queue.dead,
            )
            for queue in self.touched
            if not queue.is_over()
        )
        yield from wide(
            f"INSERT INTO {self._table}",
            rows,
            "ON DUPLICATE KEY UPDATE ready = VALUES(ready), timed = VALUES(timed),"
            " dead = VALUES(dead)",
        )
