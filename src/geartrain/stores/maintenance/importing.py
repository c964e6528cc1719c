"""Import the lines of an export into a store, in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import Ending, ListEndings, ending_cost
from geartrain.engine.inventory import Inventory
from geartrain.engine.kept_entries import OWNER
from geartrain.engine.queries import FindDead, FindJob
from geartrain.engine.records import Burial, Entry, JobRecord, ScheduleRecord
from geartrain.engine.results import FindResult, ResultRecord
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from geartrain.stores.maintenance.lines import (
    move_ending_times,
    move_result_times,
    move_times,
)
from geartrain.stores.maintenance.parsing import parse_line
from geartrain.stores.recounting import OwnerCounts
from geartrain.texts import quoted

__all__ = ["Importer"]

_MOST_RECORDS: Final = 1000
_MOST_BYTES: Final = 8 * 1024 * 1024


class Importer:
    """Puts lines into an open store.

    Attributes:
        count: how many jobs, dead letters, recurring jobs, entries, results and endings
            were committed.
    """

    def __init__(self, store: Store, inventory: Inventory) -> None:
        """Put lines into ``store``, which has just been opened with this inventory."""
        self.count = 0
        self._store = store
        self._highest = inventory.reserved
        self._schedules = {each.number: each.handle for each in inventory.schedules}
        self._owners = OwnerCounts(inventory.entries)
        self._entries = {(entry.kind, entry.key) for entry in inventory.entries}
        self._shift = inventory.calendar - inventory.steady
        self._batch = Batch(1)
        # The numbers and handles in the batch that is not committed yet.
        self._pending: dict[int, bytes] = {}
        self._bytes = 0
        self._last_ending = inventory.last_ending
        # The serials of endings in the batch that is not committed yet.
        self._told: set[int] = set()

    def take(self, lines: Iterable[bytes]) -> None:
        """Import lines; what is kept already is skipped.

        Raises:
            StoreError: a line is no line of an export, or the store cannot be written;
                the message says which line, and what was imported.
        """
        done = 0
        line = 0
        try:
            for line, text in enumerate(lines, 1):
                self._add(text)
                if self._count_pending() >= _MOST_RECORDS or self._bytes >= _MOST_BYTES:
                    self._commit()
                    done = line
        except _LineError as error:
            self._commit_before(line, done)
            raise StoreError(
                f"line {line} cannot be imported: {error}; the lines before it were"
            ) from error
        except StoreError as error:
            raise _unfinished(error, done) from error
        self._commit_before(line, done)

    def _commit_before(self, line: int, done: int) -> None:
        try:
            self._commit()
        except StoreError as error:
            raise _unfinished(error, done) from error

    def _add(self, text: bytes) -> None:
        try:
            record, is_dead = parse_line(text)
        except StoreError as error:
            raise _LineError(str(error)) from error
        if isinstance(record, Entry):
            self._add_entry(record)
            return
        if isinstance(record, ResultRecord):
            self._add_result(record)
            return
        if isinstance(record, Ending):
            self._add_ending(record)
            return
        number = record.number
        known = self._handle_of(number)
        if known is not None:
            if known and record.handle and known != record.handle:
                raise _LineError(_taken(number, known))
            return
        if isinstance(record, ScheduleRecord):
            self._batch.schedules.append(record)
            self._schedules[number] = record.handle
        else:
            self._add_job(record, is_dead=is_dead)
        self._highest = max(self._highest, number)
        self._pending[number] = record.handle
        self._bytes += len(record.workload)

    def _add_entry(self, entry: Entry) -> None:
        name = (entry.kind, entry.key)
        if entry.kind == OWNER:
            # They are counted anew: some of their jobs may be here already.
            return
        if name not in self._entries:
            self._entries.add(name)
            self._batch.entries[name] = entry.value
            self._bytes += len(entry.value)

    def _add_result(self, record: ResultRecord) -> None:
        number = record.number
        found = FindResult(0.0, number)
        self._store.find_result(found)
        if number in self._batch.results or found.record is not None:
            return
        move_result_times(record, -self._shift)
        self._batch.results[number] = record
        self._highest = max(self._highest, number)
        self._bytes += record.size

    def _add_ending(self, ending: Ending) -> None:
        serial = ending.serial
        if serial in self._told or self._has_ending(serial):
            return
        move_ending_times(ending, -self._shift)
        self._told.add(serial)
        self._batch.endings.append(ending)
        self._bytes += ending_cost(ending)

    def _has_ending(self, serial: int) -> bool:
        if serial > self._last_ending:
            return False
        found = ListEndings(0.0, serial + 1, 1)
        self._store.list_endings(found)
        return bool(found.endings) and found.endings[0].serial == serial

    def _add_job(self, record: JobRecord, *, is_dead: bool) -> None:
        move_times(record, -self._shift)
        self._batch.added.append(record)
        if is_dead and record.failures is not None:
            burial = Burial(record.number, record.died, record.failures)
            self._batch.buried.append(burial)
        else:
            self._owners.add(record)

    def _handle_of(self, number: int) -> bytes | None:
        """Return the handle of what is kept with a number; None if nothing is."""
        handle = self._pending.get(number, self._schedules.get(number))
        if handle is not None or number > self._highest:
            return handle
        job, dead = FindJob(number, False), FindDead(number, False)
        self._store.find_job(job)
        if job.record is None:
            self._store.find_dead(dead)
        record = job.record or dead.record
        return None if record is None else record.handle

    def _count_pending(self) -> int:
        batch = self._batch
        others = len(batch.entries) + len(batch.results) + len(batch.endings)
        return len(self._pending) + others

    def _commit(self) -> None:
        if not self._count_pending():
            return
        count = self._count_pending()
        self._batch.reserved = self._highest
        self._batch.entries.update(self._owners.take())
        self._store.commit(self._batch)
        self.count += count
        self._batch = Batch(self._batch.serial + 1)
        self._pending = {}
        self._last_ending = max(self._told | {self._last_ending})
        self._told = set()
        self._bytes = 0


def _taken(number: int, known: bytes) -> str:
    return (
        f"its number {number} is that of {quoted(known)} there: they are not of one"
        " queue. A second queue cannot be added to a store: let a job server end its"
        " jobs, or submit them anew"
    )


class _LineError(Exception):
    """A line is no line of an export."""


def _unfinished(error: StoreError, done: int) -> StoreError:
    return StoreError(f"{error}; the first {done} lines were imported")
