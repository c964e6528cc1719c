"""Records in memory, found by number, by key and in the order of their queues."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from geartrain.engine.records import Failures, JobRecord

__all__ = ["QueueName", "Records", "copy_of", "failures_of"]

QueueName = tuple[bytes, int, bytes]
"""Function, priority, and flow key, which is empty for a function's own queue."""

_Place = tuple[float, int]


class Records:
    """A set of jobs, or of dead letters.

    Attributes:
        by_number: the records by their numbers.
        numbers: their numbers in order.
        queues: for each queue, the due times and numbers of its records in order;
            without those whose due time is a server time.
        waits: the same for records whose due time is a server time.
    """

    def __init__(self) -> None:
        self.by_number: dict[int, JobRecord] = {}
        self.numbers: list[int] = []
        self.queues: dict[QueueName, list[_Place]] = {}
        self.waits: dict[QueueName, list[_Place]] = {}
        self._keys: dict[bytes, list[int]] = {}

    def add(self, record: JobRecord) -> None:
        """Keep a record."""
        self.by_number[record.number] = record
        insort(self.numbers, record.number)
        name = (record.function, record.priority, record.queue_key)
        queues = self._queues(record)
        insort(queues.setdefault(name, []), (record.due, record.number))
        if record.key:
            insort(self._keys.setdefault(record.key, []), record.number)

    def remove(self, number: int) -> JobRecord | None:
        """Forget a record and return it; None if there is none."""
        record = self.by_number.pop(number, None)
        if record is None:
            return None
        del self.numbers[bisect_left(self.numbers, number)]
        name = (record.function, record.priority, record.queue_key)
        queues = self._queues(record)
        places = queues[name]
        del places[bisect_left(places, (record.due, number))]
        if not places:
            del queues[name]
        if record.key:
            self._keys[record.key].remove(number)
            if not self._keys[record.key]:
                del self._keys[record.key]
        return record

    def with_key(self, key: bytes, function: bytes | None) -> list[int]:
        """Return the numbers of the records with a key, of one function or any."""
        return [
            number
            for number in self._keys.get(key, ())
            if function in (None, self.by_number[number].function)
        ]

    def _queues(self, record: JobRecord) -> dict[QueueName, list[_Place]]:
        return self.waits if record.is_steady and record.due > 0 else self.queues

    def between(
        self,
        name: QueueName,
        after: _Place,
        until: float,
        is_steady: bool = False,
    ) -> Iterator[JobRecord]:
        """Return the records of a queue after a place and due by a time."""
        places = (self.waits if is_steady else self.queues).get(name, [])
        for index in range(bisect_right(places, after), len(places)):
            due, number = places[index]
            if due > until:
                return
            yield self.by_number[number]

    def next_due(self, name: QueueName, after: float, is_steady: bool = False) -> float:
        """Return the earliest due time of a queue after another; 0 for none."""
        places = (self.waits if is_steady else self.queues).get(name, [])
        index = bisect_right(places, (after, 2**64))
        return places[index][0] if index < len(places) else 0.0

    def following(self, number: int) -> Iterator[JobRecord]:
        """Return the records with higher numbers, in the order of these."""
        for index in range(bisect_right(self.numbers, number), len(self.numbers)):
            yield self.by_number[self.numbers[index]]

    def preceding(self, number: int) -> Iterator[JobRecord]:
        """Return the records with lower numbers, the highest first; 0 is all."""
        end = bisect_left(self.numbers, number) if number else len(self.numbers)
        for index in range(end - 1, -1, -1):
            yield self.by_number[self.numbers[index]]


def copy_of(record: JobRecord, *, with_workload: bool = True) -> JobRecord:
    """Return a deep copy of a record."""
    copy = JobRecord(record.number, record.handle, record.function)
    copy.take(record)
    copy.died = record.died
    copy.more = list(record.more)
    if not with_workload:
        copy.workload, copy.more = b"", []
    return copy


def failures_of(failures: Failures | None) -> Failures | None:
    """Return a copy of failures."""
    return None if failures is None else failures.copy()
