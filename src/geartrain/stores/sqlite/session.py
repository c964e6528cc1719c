"""An open SQLite store: one transaction a batch, and what is known of its rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TypeVar

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.queries import DuePage, FindDead, FindJob, FindKey, Page
from geartrain.engine.records import Burial, Change, JobRecord, Move
from geartrain.engine.results import FindResult
from geartrain.stores.sqlite.damage import is_damage
from geartrain.stores.sqlite.endings import (
    last_ending,
    next_ending_expiry,
    write_endings,
)
from geartrain.stores.sqlite.entries import read_entries, write_entries
from geartrain.stores.sqlite.jobs import Jobs
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.meta import (
    read_clock,
    read_reserved,
    write_clock,
    write_in_use,
    write_refused,
    write_reserved,
)
from geartrain.stores.sqlite.queries import find_head, find_record, next_due
from geartrain.stores.sqlite.queues import SqliteQueue, SqliteQueues
from geartrain.stores.sqlite.reading import Reader, find_unreadable
from geartrain.stores.sqlite.results import find_result, next_expiry, write_results
from geartrain.stores.sqlite.schedules import (
    count_schedules,
    delete_schedules,
    insert_schedules,
    read_schedules,
)
from geartrain.stores.sqlite.twins import Twins

__all__ = ["StoreSession"]

_Change = TypeVar("_Change", Change, Burial, Move, JobRecord)


class StoreSession:
    """An open file, and what is known of it.

    Attributes:
        connection: the only one there is.
        queues: the counts of all its jobs.
        reader: makes records of its rows.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.queues = SqliteQueues()
        self.reader = Reader(connection, self.queues)
        self._keys = Keys()
        self._jobs = Jobs(self.queues, self._keys)
        self._twins = Twins(connection, self.reader, self._keys)
        # Numbers of rows on pages that SQLite cannot read: batches leave them out.
        self._unreadable: set[int] = set()

    def inventory(self) -> Inventory:
        """Read what is kept, but no job."""
        inventory = Inventory(read_reserved(self.connection))
        self.queues.load(self.connection)
        self._keys.load(self.connection)
        for queue in self.queues.by_id.values():
            said = queue.inventory()
            if queue.delayed:
                said.next_due = next_due(self.connection, queue, 0, False)
                said.next_steady = next_due(self.connection, queue, 0, True)
            inventory.queues.append(said)
        expiries = (next_expiry(self.connection), next_ending_expiry(self.connection))
        inventory.next_expiry = min(filter(None, expiries), default=0.0)
        inventory.last_ending = last_ending(self.connection)
        inventory.schedules = read_schedules(self.connection)
        inventory.entries = read_entries(self.connection)
        inventory.steady, inventory.calendar = read_clock(self.connection)
        return inventory

    def queue_of(self, query: Page | DuePage) -> SqliteQueue | None:
        """Return the queue that a query is about, if anything is in it."""
        return self.queues.find(query.function, query.priority, query.queue_key)

    def count(self) -> int:
        """Return how many jobs, dead letters and recurring jobs are kept."""
        queues = self.queues.by_id.values()
        kept = sum(queue.ready + queue.delayed + queue.dead for queue in queues)
        return kept + count_schedules(self.connection)

    def begin(self) -> None:
        """Record in the database file, not only in its log, that it is in use."""
        # A full disk is no reason not to start.
        with suppress(sqlite3.Error):
            write_in_use(self.connection, True)
            self.connection.execute("PRAGMA wal_checkpoint").fetchall()

    def end(self) -> None:
        """Record that the file is closed in order: SQLite then deletes the log."""
        with suppress(sqlite3.Error):
            write_in_use(self.connection, False)

    def try_out(self) -> None:
        """Try a commit that changes no job; raises what a commit would raise."""
        write_refused(self.connection)

    def find(self, query: FindJob | FindDead, *, is_dead: bool) -> JobRecord | None:
        """Return a job, or a dead letter."""
        number = query.number
        if not query.with_workload:
            return find_head(self.connection, self.reader, number, is_dead=is_dead)
        return find_record(
            self.connection, self.reader, number, is_dead=is_dead, first=query.first
        )

    def find_key(self, query: FindKey) -> JobRecord | None:
        """Return a job with a key, without its workload."""
        return self._twins.find(query)

    def find_result(self, query: FindResult) -> None:
        """Answer a query for how a job ended."""
        find_result(self.connection, query, self._keys)

    def commit(self, batch: Batch) -> None:
        """Apply a batch in a transaction; rows that cannot be read stay as they are."""
        if batch.changes_nothing():
            return
        try:
            self._write(batch)
        except sqlite3.DatabaseError as error:
            if not is_damage(error) or not self._finds_unreadable(batch):
                raise
            self._write(batch)

    def _write(self, batch: Batch) -> None:
        try:
            # A cursor that an error's traceback holds would keep the file open.
            with closing(self.connection.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                self._apply(cursor, batch)
                cursor.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        self.queues.settle()
        self._keys.settle()

    def _apply(self, cursor: sqlite3.Cursor, batch: Batch) -> None:
        if batch.reserved:
            write_reserved(cursor, batch.reserved)
        if batch.steady:
            write_clock(cursor, batch.steady, batch.calendar)
        unreadable = self._unreadable
        self._jobs.end(cursor, [n for n in batch.ended if n not in unreadable])
        self._jobs.add(cursor, self._twins.admit(batch, unreadable))
        self._jobs.revive(cursor, self._readable(batch.revived))
        self._jobs.change(cursor, self._readable(batch.changed))
        self._jobs.move(cursor, self._readable([*batch.moved.values()]))
        self._jobs.replace(cursor, self._readable([*batch.replaced.values()]))
        self._jobs.bury(cursor, self._readable(batch.buried))
        write_results(cursor, batch, self._keys)
        write_endings(cursor, batch)
        insert_schedules(cursor, batch.schedules)
        delete_schedules(cursor, batch.unscheduled)
        write_entries(cursor, batch.entries_without_twins())
        self.queues.write(cursor)
        self._keys.write(cursor)

    def _readable(self, changes: list[_Change]) -> list[_Change]:
        return [each for each in changes if each.number not in self._unreadable]

    def _finds_unreadable(self, batch: Batch) -> bool:
        """Tell whether SQLite cannot read rows that a batch needs, and note which."""
        numbers = {*batch.ended, *batch.moved, *batch.replaced}
        numbers.update(burial.number for burial in batch.buried)
        numbers.update(change.number for change in (*batch.revived, *batch.changed))
        numbers.update(self._twins.candidates(batch))
        found = find_unreadable(self.connection, numbers - self._unreadable)
        self._unreadable |= found
        return bool(found)

    def _undo(self) -> None:
        """Roll back a failed transaction, as far as a failing disk allows."""
        self.queues.undo()
        self._keys.undo()
        # SQLite may have rolled back already.
        with suppress(sqlite3.Error):
            self.connection.rollback()
        with suppress(sqlite3.Error):
            write_refused(self.connection)
