"""Results in memory, found by number, by key and in the order in which they expire."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.results import FindResult, ResultRecord, result_cost

__all__ = ["Results"]

# The most results that one commit drops.
_MOST_DROPPED: Final = 1000


class Results:
    """The results of jobs that have ended.

    Attributes:
        by_number: the records by their numbers.
    """

    def __init__(self) -> None:
        self.by_number: dict[int, ResultRecord] = {}
        self._ages: list[tuple[float, int]] = []
        self._keys: dict[tuple[bytes, bytes], list[int]] = {}

    def commit(self, batch: Batch) -> None:
        """Keep what a batch has, and drop what is to be dropped."""
        for record in batch.results.values():
            batch.dropped += self._drop(record.number)
            self._add(record)
        if batch.expired_until:
            for _, number in self._expired(batch.expired_until):
                batch.dropped += self._drop(number)
            batch.next_expiry = self.next_expiry()

    def find(self, query: FindResult) -> ResultRecord | None:
        """Return the record that is looked for, if there is one."""
        numbers = [query.number]
        if not query.number:
            numbers = self._keys.get((query.function, query.key), [])
        for number in reversed(numbers):
            record = self.by_number.get(number)
            if record is not None and query.takes(record):
                return record
        return None

    def next_expiry(self) -> float:
        """Return when the first expires; 0 if there is none."""
        return self._ages[0][0] if self._ages else 0.0

    def _expired(self, until: float) -> list[tuple[float, int]]:
        end = bisect_right(self._ages, (until, 2**64))
        return self._ages[: min(end, _MOST_DROPPED)]

    def _add(self, record: ResultRecord) -> None:
        self.by_number[record.number] = record
        insort(self._ages, (record.expires, record.number))
        if record.key:
            name = (record.function, record.key)
            insort(self._keys.setdefault(name, []), record.number)

    def _drop(self, number: int) -> int:
        """Forget a record; return how many bytes it took."""
        record = self.by_number.pop(number, None)
        if record is None:
            return 0
        del self._ages[bisect_left(self._ages, (record.expires, number))]
        name = (record.function, record.key)
        if record.key:
            self._keys[name].remove(number)
            if not self._keys[name]:
                del self._keys[name]
        return result_cost(record)
