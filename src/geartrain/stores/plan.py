"""Plans: what a batch makes of the rows of a relational store.

The rows that a batch is about are read first, the batch is applied to them in memory,
and what has become of each is then written once, by a few wide statements. So the order
of a batch and the counts of queues are the same in each such store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from geartrain.engine.batches import Batch
from geartrain.engine.records import JobRecord
from geartrain.errors import StoreError
from geartrain.stores.job_packing import bits_of, pack_failures
from geartrain.stores.queues import Queue, Queues

__all__ = ["KeptRow", "Plan", "admit", "touched", "wanted_keys"]

_Queue = TypeVar("_Queue", bound=Queue)


class KeptRow(NamedTuple):
    """A row as it is before the batch.

    Attributes:
        number: the job's number.
        queue: the number of its queue; below zero for a dead letter.
        due: its due time as ``bits_of`` has it.
        size: the bytes of its workload.
    """

    number: int
    queue: int
    due: int
    size: int


class _Row:
    """A row as the batch makes it."""

    __slots__ = ("due", "failures", "is_changed", "queue", "record")

    def __init__(self, queue: int, due: int) -> None:
        self.queue = queue
        self.due = due
        self.failures: bytes | None = None
        # The failures are to be written.
        self.is_changed = False
        # What is to be inserted; None for a row that is kept.
        self.record: JobRecord | None = None


class Plan:
    """What is to be written of a batch.

    Attributes:
        deleted: numbers of rows to delete, before the others are inserted.
        large: of these, the numbers of those with more bytes than lie in a row.
        buried: numbers that become dead letters.
        raised: numbers of dead letters that are so no more.
        inserted: jobs to insert, with queue, due time and failures.
        changed: numbers of kept rows, with queue, due time and failures.
        moved: numbers of kept rows, with queue and due time; failures stay.
    """

    def __init__(
        self,
        batch: Batch,
        admitted: Iterable[JobRecord],
        kept: Mapping[int, KeptRow],
        queues: Queues[_Queue],
        most_inline: int,
    ) -> None:
        """Plan a batch, and count in ``queues`` what it changes.

        Args:
            batch: the batch.
            admitted: what ``admit`` lets in of its new jobs.
            kept: the rows of ``touched`` numbers, by these.
            queues: the queues of the store.
            most_inline: the bytes of the largest workload that lies in a row.

        Raises:
            StoreError: a job to be added has a number that is kept.
        """
        self.deleted: list[int] = []
        self.large: list[int] = []
        self.buried: list[int] = []
        self.raised: list[int] = []
        self.inserted: list[tuple[JobRecord, int, int, bytes | None]] = []
        self.changed: list[tuple[int, int, int, bytes | None]] = []
        self.moved: list[tuple[int, int, int]] = []
        self._kept = kept
        self._queues = queues
        self._rows = {row.number: _Row(row.queue, row.due) for row in kept.values()}
        self._apply(batch, admitted)
        self._compare(most_inline)

    def _apply(self, batch: Batch, admitted: Iterable[JobRecord]) -> None:
        for number in batch.ended:
            self._rows.pop(number, None)
        for record in admitted:
            if record.number in self._rows:
                raise StoreError(f"the store has a job {record.number} already")
            self._insert(record)
        self._revive(batch)
        self._change(batch)
        self._move(batch)
        for number, record in batch.replaced.items():
            row = self._rows.get(number)
            if row is not None and row.queue > 0:
                self._insert(record)
        self._bury(batch)

    def _insert(self, record: JobRecord) -> None:
        queue = self._queues.change(record.function, record.priority, record.queue_key)
        row = _Row(queue.id, bits_of(record.due, record.is_steady))
        row.failures = pack_failures(record.failures, 0.0)
        row.record = record
        self._rows[record.number] = row

    def _revive(self, batch: Batch) -> None:
        for change in batch.revived:
            row = self._rows.get(change.number)
            if row is not None and row.queue < 0:
                row.queue = -row.queue
                row.due = bits_of(change.due, is_steady=True)
                row.failures = pack_failures(change.failures, 0.0)
                row.is_changed = True

    def _change(self, batch: Batch) -> None:
        for change in batch.changed:
            row = self._rows.get(change.number)
            if row is not None and row.queue > 0:
                row.due = bits_of(change.due, is_steady=True)
                row.failures = pack_failures(change.failures, 0.0)
                row.is_changed = True

    def _move(self, batch: Batch) -> None:
        for number, move in batch.moved.items():
            row = self._rows.get(number)
            if row is None:
                continue
            if row.queue < 0:
                row.queue = -self._queues.change(move.function, move.priority).id
                continue
            queue = self._queues.change(move.function, move.priority, move.queue_key)
            row.queue, row.due = queue.id, bits_of(move.due, move.is_steady)

    def _bury(self, batch: Batch) -> None:
        for burial in batch.buried:
            row = self._rows.get(burial.number)
            if row is not None and row.queue > 0:
                row.queue, row.due = -self._queues.of_dead(row.queue), 0
                row.failures = pack_failures(burial.failures, burial.died)
                row.is_changed = True

    def _compare(self, most_inline: int) -> None:
        """Note what differs from what is kept, and count it."""
        count = self._queues.count
        for number, before in self._kept.items():
            row = self._rows.get(number)
            count(before.queue, before.due, -1)
            if before.queue < 0 and (row is None or row.record or row.queue > 0):
                self.raised.append(number)
            if row is None or row.record is not None:
                self.deleted.append(number)
                if before.size > most_inline:
                    self.large.append(number)
        for number, row in self._rows.items():
            count(row.queue, row.due, 1)
            kept = self._kept.get(number)
            if row.queue < 0 and (kept is None or row.record or kept.queue > 0):
                self.buried.append(number)
            if row.record is not None:
                self.inserted.append((row.record, row.queue, row.due, row.failures))
            elif row.is_changed:
                self.changed.append((number, row.queue, row.due, row.failures))
            elif kept is not None and (row.queue, row.due) != kept[1:3]:
                self.moved.append((number, row.queue, row.due))


def touched(batch: Batch) -> dict[int, None]:
    """Return the numbers of all rows that a batch may change, but for new ones."""
    numbers = {**batch.ended, **dict.fromkeys(batch.moved)}
    numbers.update(dict.fromkeys(batch.replaced))
    for changes in (batch.revived, batch.changed, batch.buried):
        numbers.update((change.number, None) for change in changes)
    return numbers


def wanted_keys(batch: Batch) -> set[bytes]:
    """Return the keys that tentative jobs of a batch have."""
    return {each.key for each in batch.added if each.is_tentative and each.key}


def admit(
    batch: Batch, kept: Mapping[tuple[bytes, bytes], Iterable[int]]
) -> list[JobRecord]:
    """Return the jobs to add; the others are tentative, and get their twins.

    ``kept`` has the numbers of the jobs with ``wanted_keys`` by function and key.
    """
    buried = {burial.number for burial in batch.buried}
    leaving = buried | batch.ended.keys()
    twins: dict[tuple[bytes, bytes], int] = {}
    for name, numbers in kept.items():
        twins[name] = min((each for each in numbers if each not in leaving), default=0)
    admitted: list[JobRecord] = []
    for record in batch.added:
        name = (record.function, record.key)
        record.twin = 0
        if record.is_tentative and record.key:
            record.twin = twins.get(name, 0)
        if not record.twin:
            admitted.append(record)
            if record.number not in buried and not twins.get(name):
                twins[name] = record.number
    return admitted
