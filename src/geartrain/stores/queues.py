"""The queues of a store: how many jobs are kept for each function and priority.

The jobs of one flow key can have a queue of their own. Counts are kept in memory and
written with each commit, so that opening a store looks at no job.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from geartrain.engine.inventory import QueueInventory

__all__ = ["Queue", "Queues"]

_PRIORITIES = 3

_Queue = TypeVar("_Queue", bound="Queue")


class Queue:
    """One function and priority, and one flow key or none.

    Attributes:
        id: what its jobs have as ``queue``; its dead letters have ``-id``.
        function: the function's name.
        priority: ``Priority`` as a number.
        key: the flow key; empty for none.
        ready: jobs without a due time.
        delayed: jobs with one.
        dead: dead letters.
        before: ready, delayed and dead before this commit; None if it is untouched.
    """

    __slots__ = (
        "before",
        "dead",
        "delayed",
        "function",
        "id",
        "key",
        "priority",
        "ready",
    )

    def __init__(
        self, number: int, function: bytes, priority: int, key: bytes = b""
    ) -> None:
        self.id = number
        self.function = function
        self.priority = priority
        self.key = key
        self.ready = 0
        self.delayed = 0
        self.dead = 0
        self.before: tuple[int, int, int] | None = None

    def is_over(self) -> bool:
        """Tell whether it is a flow key's, and nothing is in it.

        The rows of such queues are deleted, since keys come and go.
        """
        return bool(self.key) and not (self.ready or self.delayed or self.dead)

    def inventory(self) -> QueueInventory:
        """Return what is kept in it; when the next job is due is left to the store."""
        said = QueueInventory(self.function, self.priority, self.key)
        said.ready, said.delayed, said.dead = self.ready, self.delayed, self.dead
        return said


class Queues(ABC, Generic[_Queue]):
    """All queues, and which of them this commit has changed.

    Attributes:
        by_id: the queues by their numbers.
        touched: those whose counts this commit has changed.
    """

    def __init__(self) -> None:
        self.by_id: dict[int, _Queue] = {}
        self.touched: list[_Queue] = []
        self._by_name: dict[tuple[bytes, int, bytes], _Queue] = {}
        self._by_function: dict[bytes, dict[int, _Queue]] = {}
        self._made: list[_Queue] = []
        self._next = 1

    @abstractmethod
    def make(self, number: int, function: bytes, priority: int, key: bytes) -> _Queue:
        """Return an empty queue."""

    def find(self, function: bytes, priority: int, key: bytes = b"") -> _Queue | None:
        """Return the queue of a function, priority and flow key, if there is one."""
        return self._by_name.get((function, priority, key))

    def of(self, function: bytes) -> list[_Queue]:
        """Return the queues of a function, in the order of their priorities."""
        found = self._by_function.get(function, {})
        return sorted(found.values(), key=lambda queue: queue.priority)

    def dead_of(self, function: bytes) -> list[_Queue]:
        """Return the queues of a function that have its dead letters."""
        found = (self.find(function, priority) for priority in range(_PRIORITIES))
        return [queue for queue in found if queue is not None]

    def change(self, function: bytes, priority: int, key: bytes = b"") -> _Queue:
        """Return a queue whose counts are about to change; make it if need be."""
        queue = self._by_name.get((function, priority, key))
        if queue is None:
            queue = self.make(self._next, function, priority, key)
            self._next += 1
            self._made.append(queue)
            self.keep(queue)
        if queue.before is None:
            self.touch(queue)
        return queue

    def of_dead(self, queue: int) -> int:
        """Return the number of the queue for a dead letter: its function's own."""
        found = self.by_id.get(queue)
        if found is None or not found.key:
            return queue
        return self.change(found.function, found.priority).id

    def touch(self, queue: _Queue) -> None:
        """Note that the counts of a queue are about to change."""
        if queue.before is None:
            queue.before = (queue.ready, queue.delayed, queue.dead)
            self.touched.append(queue)

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

    def settle(self) -> None:
        """Note that the commit has succeeded."""
        for queue in self.touched:
            queue.before = None
            if queue.is_over():
                self._drop(queue)
        self.touched.clear()
        self._made.clear()

    def undo(self) -> None:
        """Take back what was counted since the last commit that succeeded."""
        for queue in self.touched:
            if queue.before is not None:
                queue.ready, queue.delayed, queue.dead = queue.before
            queue.before = None
        for queue in self._made:
            self._drop(queue)
        self.touched.clear()
        self._made.clear()

    def keep(self, queue: _Queue) -> None:
        """Take up a queue that the store keeps."""
        self.by_id[queue.id] = queue
        self._by_name[queue.function, queue.priority, queue.key] = queue
        self._by_function.setdefault(queue.function, {})[queue.id] = queue
        self._next = max(self._next, queue.id + 1)

    def _drop(self, queue: _Queue) -> None:
        del self.by_id[queue.id]
        del self._by_name[queue.function, queue.priority, queue.key]
        of_function = self._by_function[queue.function]
        del of_function[queue.id]
        if not of_function:
            del self._by_function[queue.function]
