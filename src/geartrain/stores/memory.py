"""The memory store: jobs in dicts, for as long as the object lives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ListEndings
from geartrain.engine.inventory import Inventory, QueueInventory
from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.engine.records import Burial, Entry, Failures, JobRecord, ScheduleRecord
from geartrain.engine.results import FindResult
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from geartrain.stores.job_packing import size_of
from geartrain.stores.memory_endings import Endings
from geartrain.stores.memory_records import QueueName, Records, copy_of, failures_of
from geartrain.stores.memory_results import Results
from geartrain.texts import quoted

__all__ = ["MemoryStore"]

_LAST: Final = 2**64
# The most jobs that one slice of a list looks at.
_MOST_LOOKED_AT: Final = 10_000


class MemoryStore(Store):
    """Jobs, dead letters and recurring jobs in memory.

    Its contents survive closing and opening, and go with the object.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._forget_all()

    def _forget_all(self) -> None:
        """Keep nothing."""
        self._reserved = 0
        self._jobs = Records()
        self._dead = Records()
        self._results = Results()
        self._endings = Endings()
        self._schedules: dict[int, ScheduleRecord] = {}
        self._entries: dict[tuple[bytes, bytes], bytes] = {}
        self._clock = (0.0, 0.0)

    def open(self) -> Inventory:
        """Open the store and say what it keeps.

        Raises:
            StoreError: it is open already.
        """
        if self._is_open:
            raise StoreError("the memory store is in use by another job server")
        self._is_open = True
        return self._inventory()

    def _inventory(self) -> Inventory:
        """Say what is kept."""
        kept = (
            self._jobs.by_number,
            self._dead.by_number,
            self._results.by_number,
            self._schedules,
        )
        highest = [max(numbers, default=0) for numbers in kept]
        inventory = Inventory(max(self._reserved, *highest))
        expiries = (self._results.next_expiry(), self._endings.next_expiry())
        inventory.next_expiry = min(filter(None, expiries), default=0.0)
        inventory.last_ending = self._endings.last()
        inventory.steady, inventory.calendar = self._clock
        names = {*self._jobs.queues, *self._jobs.waits, *self._dead.queues}
        inventory.queues = [self._said(name) for name in sorted(names)]
        inventory.schedules = [each for _, each in sorted(self._schedules.items())]
        kept_entries = sorted(self._entries.items())
        inventory.entries = [Entry(*name, value) for name, value in kept_entries]
        return inventory

    def commit(self, batch: Batch) -> None:
        """Apply a batch: all of it, or nothing if it raises.

        Raises:
            StoreError: a job to be added has a number that is kept.
        """
        self._check()
        admitted = self.admit(batch)
        self._end(batch)
        for record in admitted:
            self._jobs.add(record)
        self._revive(batch)
        self._change(batch)
        self._move(batch)
        self._replace(batch)
        self._bury(batch)
        for schedule in batch.schedules:
            self._schedules[schedule.number] = schedule
        for number in batch.unscheduled:
            self._schedules.pop(number, None)
        self._results.commit(batch)
        self._endings.commit(batch)
        for name, value in batch.entries_without_twins().items():
            if value is None:
                self._entries.pop(name, None)
            else:
                self._entries[name] = value
        self._reserved = max(self._reserved, batch.reserved)
        if batch.steady:
            self._clock = (batch.steady, batch.calendar)

    def close(self) -> None:
        """Close the store; closing it twice does nothing."""
        self._is_open = False

    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        name = (query.function, query.priority, query.queue_key)
        found = self._jobs.between(name, (0.0, query.after), 0.0)
        _fill(query, found)

    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        name = (query.function, query.priority, query.queue_key)
        after = query.after if query.after[0] > 0 else (0.0, _LAST)
        found = self._jobs.between(name, after, query.until, query.is_steady)
        _fill(query, found)
        query.next_due = self._jobs.next_due(name, query.until, query.is_steady)

    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        found = self._jobs.by_number.get(query.number)
        query.record = found and copy_of(found, with_workload=query.with_workload)

    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        for number in self._jobs.with_key(query.key, query.function):
            if number != query.other:
                found = self._jobs.by_number[number]
                query.record = copy_of(found, with_workload=False)
                return

    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store is not open.

        Raises:
            StoreError: ``after`` is not from a slice of this list.
        """
        self._check()
        after = _place(query.after)
        found = islice(self._jobs.following(after), _MOST_LOOKED_AT)
        for looked_at, record in enumerate(found, 1):
            if _is_listed(record, query):
                query.records.append(copy_of(record, with_workload=False))
            is_full = len(query.records) == query.most
            if is_full or looked_at == _MOST_LOOKED_AT:
                query.following = b"%d" % record.number
                return

    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        some = self._dead.preceding if query.is_backward else self._dead.following
        for record in some(query.after):
            if len(query.records) == query.most:
                return
            if query.function in (None, record.function):
                query.records.append(copy_of(record, with_workload=False))

    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        found = self._dead.by_number.get(query.number)
        query.record = found and copy_of(found, with_workload=query.with_workload)

    def find_result(self, query: FindResult) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        query.record = self._results.find(query)

    def list_endings(self, query: ListEndings) -> None:
        """Answer the query; raises StoreError if the store is not open."""
        self._check()
        self._endings.list(query)

    def snapshot(self) -> Iterator[Batch]:
        """Yield batches that make an empty store what this one is.

        The first has what is not a job, a result or an ending; each of these has a
        batch of its own.
        """
        first = Batch(1)
        first.reserved = self._reserved
        first.steady, first.calendar = self._clock
        first.entries = dict(self._entries)
        first.schedules = list(self._schedules.values())
        yield first
        for number in self._jobs.numbers:
            made = Batch(1)
            made.added.append(self._jobs.by_number[number])
            yield made
        for number in self._dead.numbers:
            letter = self._dead.by_number[number]
            made = Batch(1)
            made.added.append(letter)
            failures = letter.failures or Failures()
            made.buried.append(Burial(number, letter.died, failures))
            yield made
        for number, result in self._results.by_number.items():
            made = Batch(1)
            made.results[number] = result
            yield made
        for ending in self._endings.by_serial.values():
            made = Batch(1)
            made.endings.append(ending)
            yield made

    def _check(self) -> None:
        if not self._is_open:
            raise StoreError("the memory store is not open")

    def _said(self, name: QueueName) -> QueueInventory:
        """Return what is kept in a queue."""
        said = QueueInventory(*name)
        places = self._jobs.queues.get(name, [])
        said.delayed = sum(due > 0 for due, _ in places)
        said.ready = len(places) - said.delayed
        said.delayed += len(self._jobs.waits.get(name, []))
        said.next_due = self._jobs.next_due(name, 0.0)
        said.next_steady = self._jobs.next_due(name, 0.0, is_steady=True)
        said.dead = len(self._dead.queues.get(name, []))
        return said

    def admit(self, batch: Batch) -> list[JobRecord]:
        """Return copies of the jobs to add; tentative ones may get twins instead.

        Raises:
            StoreError: a job has a number that is kept.
        """
        admitted: dict[int, JobRecord] = {}
        keys: dict[tuple[bytes, bytes], int] = {}
        buried = {burial.number for burial in batch.buried}
        leaving = buried | batch.ended.keys()
        for record in batch.added:
            record.twin = 0
            name = (record.function, record.key)
            if record.is_tentative and record.key:
                record.twin = keys.get(name, 0) or self._twin(record, leaving)
            if record.twin:
                continue
            number = record.number
            if number in admitted or self._is_kept(number, batch):
                raise StoreError(f"the memory store has a job {number} already")
            admitted[number] = copy_of(record)
            admitted[number].died = 0.0
            admitted[number].size = size_of(record)
            if number not in buried:
                keys.setdefault(name, number)
        return list(admitted.values())

    def _twin(self, record: JobRecord, leaving: set[int]) -> int:
        """Return the number of a job that is to stay with the same function and key."""
        for number in self._jobs.with_key(record.key, record.function):
            if number not in leaving:
                return number
        return 0

    def _is_kept(self, number: int, batch: Batch) -> bool:
        is_kept = number in self._jobs.by_number or number in self._dead.by_number
        return is_kept and number not in batch.ended

    def _end(self, batch: Batch) -> None:
        for number in batch.ended:
            self._jobs.remove(number)
            self._dead.remove(number)

    def _move(self, batch: Batch) -> None:
        for number, move in batch.moved.items():
            for records in (self._jobs, self._dead):
                record = records.remove(number)
                if record is None:
                    continue
                record.function, record.priority = move.function, move.priority
                record.queue_key = b"" if record.died else move.queue_key
                if not record.died:
                    record.due, record.is_steady = move.due, move.is_steady
                records.add(record)

    def _revive(self, batch: Batch) -> None:
        for change in batch.revived:
            record = self._dead.remove(change.number)
            if record is not None:
                record.died, record.due = 0.0, change.due
                record.is_steady = change.due > 0
                record.failures = failures_of(change.failures)
                self._jobs.add(record)

    def _change(self, batch: Batch) -> None:
        for change in batch.changed:
            record = self._jobs.remove(change.number)
            if record is not None:
                record.due, record.is_steady = change.due, change.due > 0
                record.failures = failures_of(change.failures)
                self._jobs.add(record)

    def _replace(self, batch: Batch) -> None:
        for number, replaced in batch.replaced.items():
            if self._jobs.remove(number) is not None:
                record = copy_of(replaced)
                record.size = size_of(record)
                self._jobs.add(record)

    def _bury(self, batch: Batch) -> None:
        for burial in batch.buried:
            record = self._jobs.remove(burial.number)
            if record is not None:
                record.due, record.died = 0.0, burial.died
                record.is_steady = False
                record.queue_key = b""
                record.failures = failures_of(burial.failures)
                self._dead.add(record)


def _fill(query: Page | DuePage, found: Iterator[JobRecord]) -> None:
    query.records = []
    for record in found:
        if query.largest and record.size > query.largest:
            query.oversized.append(record.number)
            continue
        query.records.append(copy_of(record))
        if len(query.records) == query.most:
            return


def _place(after: bytes) -> int:
    if after and not after.isdigit():
        raise StoreError(f"{quoted(after)} is no place in a list: begin without one")
    return int(after or b"0")


def _is_listed(record: JobRecord, query: ListJobs) -> bool:
    if query.function not in (None, record.function):
        return False
    if record.is_steady and record.due > 0:
        return query.steady_from <= record.due < query.steady_until
    return query.due_from <= record.due < query.due_until
