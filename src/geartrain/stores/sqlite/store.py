"""The SQLite store: one file, one transaction a batch."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final, TypeVar

from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.engine.records import (
    Batch,
    Burial,
    Change,
    Inventory,
    JobRecord,
    QueueInventory,
)
from geartrain.errors import OptionError, StoreError
from geartrain.stores.base import Store
from geartrain.stores.owners import owners_rights
from geartrain.stores.sqlite.clock import read_clock, write_clock
from geartrain.stores.sqlite.file import ERRORS, explain, open_file
from geartrain.stores.sqlite.jobs import Jobs
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.lists import list_dead, list_jobs
from geartrain.stores.sqlite.pages import (
    fill_due_page,
    fill_page,
    find_record,
    next_due,
)
from geartrain.stores.sqlite.queues import Queues
from geartrain.stores.sqlite.reading import Reader, find_unreadable
from geartrain.stores.sqlite.schedules import (
    delete_schedules,
    insert_schedules,
    read_reserved,
    read_schedules,
    write_refused,
    write_reserved,
)
from geartrain.stores.sqlite.schema import is_damage
from geartrain.stores.sqlite.twins import Twins

__all__ = ["SqliteStore"]

# What a commit waits for: with a write-ahead log, FULL is one fsync a commit.
_SYNCHRONOUS: Final = {"disk": "FULL", "os": "NORMAL", "memory": "NORMAL"}

_Change = TypeVar("_Change", Change, Burial)


class SqliteStore(Store):
    """Background jobs in a SQLite file with a write-ahead log."""

    def __init__(self, path: str, durability: str) -> None:
        """Keep jobs in the file ``path``.

        Args:
            path: the file; it and its folder are made if they are missing.
            durability: ``disk`` if a commit is to survive a power cut, ``os`` or
                ``memory`` if the end of the process is enough.

        Raises:
            OptionError: the durability is none of these.
        """
        if durability not in _SYNCHRONOUS:
            raise OptionError(
                f"{durability!r} is no durability: use disk, os or memory"
            )
        self._path = os.path.abspath(path)
        self._synchronous = _SYNCHRONOUS[durability]
        self._session: _Session | None = None

    def open(self) -> Inventory:
        """Open the file, making it if there is none, lock it, and say what it keeps.

        This takes the same time however many jobs there are. Root opens it with the
        rights of its owner.

        Raises:
            StoreError: it cannot be opened, is in use by another job server, is
                damaged, or is no store of this format.
        """
        with owners_rights(self._path):
            connection = open_file(self._path, self._synchronous)
            try:
                opened = _Session(connection)
                inventory = opened.inventory()
            except ERRORS as error:
                connection.close()
                raise explain(self._path, error) from error
        self._session = opened
        return inventory

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns, nothing if it raises.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed.
        """
        with self._opened() as opened:
            opened.commit(batch)

    def close(self) -> None:
        """Close the file and unlock it; closing it twice does nothing."""
        opened, self._session = self._session, None
        if opened is not None:
            opened.connection.close()

    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._opened() as opened:
            queue = opened.queues.find(query.function, query.priority)
            if queue is not None:
                fill_page(opened.connection, opened.reader, queue, query)

    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._opened() as opened:
            queue = opened.queues.find(query.function, query.priority)
            if queue is not None:
                fill_due_page(opened.connection, opened.reader, queue, query)

    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._opened() as opened:
            query.record = opened.find(query.number, is_dead=False)

    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._opened() as opened:
            query.record = opened.find_key(query.key, query.function)

    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._opened() as opened:
            list_jobs(opened.connection, opened.reader, opened.queues, query)

    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._opened() as opened:
            list_dead(opened.connection, opened.reader, opened.queues, query)

    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._opened() as opened:
            query.record = opened.find(query.number, is_dead=True)

    @contextmanager
    def _opened(self) -> Iterator[_Session]:
        """Return the open file; what goes wrong with it becomes a StoreError."""
        if self._session is None:
            raise StoreError(f"the store {self._path} is not open")
        try:
            yield self._session
        except ERRORS as error:
            raise explain(self._path, error) from error


class _Session:
    """An open file, and what is known of it.

    Attributes:
        connection: the only one there is.
        queues: the counts of all its jobs.
        reader: makes records of its rows.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.queues = Queues()
        self.reader = Reader(connection, self.queues)
        self._keys = Keys()
        self._jobs = Jobs(self.queues, self._keys)
        self._twins = Twins(connection, self.reader, self._keys)
        # The numbers of rows that SQLite cannot read: they are left alone.
        self._unreadable: set[int] = set()

    def inventory(self) -> Inventory:
        """Read what is kept, but no job."""
        inventory = Inventory(read_reserved(self.connection))
        self.queues.load(self.connection)
        self._keys.load(self.connection)
        for queue in self.queues.by_id.values():
            said = QueueInventory(queue.function, queue.priority)
            said.ready, said.delayed, said.dead = queue.ready, queue.delayed, queue.dead
            if queue.delayed:
                said.next_due = next_due(self.connection, queue, 0, False)
                said.next_steady = next_due(self.connection, queue, 0, True)
            inventory.queues.append(said)
        inventory.schedules = read_schedules(self.connection)
        inventory.steady, inventory.calendar = read_clock(self.connection)
        return inventory

    def find(self, number: int, *, is_dead: bool) -> JobRecord | None:
        """Return a job, or a dead letter, with its workload."""
        return find_record(self.connection, self.reader, number, is_dead=is_dead)

    def find_key(self, key: bytes, function: bytes | None) -> JobRecord | None:
        """Return a job with a key, with its workload."""
        number = self._twins.find(key, function)
        return self.find(number, is_dead=False) if number else None

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
        self._jobs.bury(cursor, self._readable(batch.buried))
        insert_schedules(cursor, batch.schedules)
        delete_schedules(cursor, batch.unscheduled)
        self.queues.write(cursor)
        self._keys.write(cursor)

    def _readable(self, changes: list[_Change]) -> list[_Change]:
        return [each for each in changes if each.number not in self._unreadable]

    def _finds_unreadable(self, batch: Batch) -> bool:
        """Look for rows that a batch needs and that cannot be read."""
        numbers = {*batch.ended, *(burial.number for burial in batch.buried)}
        numbers.update(change.number for change in (*batch.revived, *batch.changed))
        numbers.update(self._twins.candidates(batch))
        found = find_unreadable(self.connection, numbers - self._unreadable)
        self._unreadable |= found
        return bool(found)

    def _undo(self) -> None:
        """Roll a failed transaction back, as far as a failing disk lets it be."""
        self.queues.undo()
        self._keys.undo()
        # SQLite may have rolled back already.
        with suppress(sqlite3.Error):
            self.connection.rollback()
        with suppress(sqlite3.Error):
            write_refused(self.connection)
