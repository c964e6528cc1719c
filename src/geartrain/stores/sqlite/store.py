"""The SQLite store: one file, one transaction a batch.

What is open of it is a session, with its room on the disk and whether its files are
still there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from geartrain.engine.health import Health
from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.engine.records import Batch, Inventory
from geartrain.errors import OptionError, StoreError
from geartrain.stores.base import Store
from geartrain.stores.owners import owners_rights
from geartrain.stores.paths import shown
from geartrain.stores.sqlite.file import (
    ERRORS,
    abandon,
    explain,
    is_lack_of_room,
    open_file,
)
from geartrain.stores.sqlite.lists import list_dead, list_jobs
from geartrain.stores.sqlite.pages import fill_due_page, fill_page
from geartrain.stores.sqlite.parts import ending, parts
from geartrain.stores.sqlite.presence import GoneError, Presence
from geartrain.stores.sqlite.room import Room
from geartrain.stores.sqlite.session import Session

__all__ = ["SqliteStore"]

# What a commit waits for: with a write-ahead log, FULL is one fsync a commit.
_SYNCHRONOUS: Final = {"disk": "FULL", "os": "NORMAL", "memory": "NORMAL"}


class _Opened(NamedTuple):
    """An open file.

    Attributes:
        session: reads and writes it.
        presence: whether it is where it was.
        room: how much it can grow.
    """

    session: Session
    presence: Presence
    room: Room


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
        self._open: _Opened | None = None
        # New jobs that were refused and may be in the file all the same.
        self._disowned: dict[int, None] = {}
        self._is_failing = False

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
                self._open, inventory = self._begin(connection)
            except ERRORS as error:
                connection.close()
                raise explain(self._path, error) from error
            except BaseException:
                connection.close()
                raise
        return inventory

    def _begin(self, connection: sqlite3.Connection) -> tuple[_Opened, Inventory]:
        """Begin to use a file that was opened."""
        session = Session(connection)
        inventory = session.inventory()
        session.begin()
        real = os.path.realpath(self._path)
        try:
            presence = Presence(self._path, real)
        except OSError as error:
            raise StoreError(
                f"the store {shown(self._path)} cannot be watched: {error.strerror}"
            ) from error
        room = Room(real, connection)
        room.keep_reserve()
        return _Opened(session, presence, room), inventory

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns.

        If it raises, nothing that is new in it is kept; of the rest some may be.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed.
        """
        is_new = bool(batch.added or batch.schedules)
        with self._opened() as opened:
            try:
                opened.presence.check()
                if is_new:
                    _check_room(opened, batch.size)
                self._write(opened, batch, is_new)
                opened.presence.look()
            except GoneError:
                self._disown(opened, batch)
                raise
            except (*ERRORS, StoreError):
                self._is_failing = True
                raise
        self._is_failing = False

    def _write(self, opened: _Opened, batch: Batch, is_new: bool) -> None:
        batch.ended.update(self._disowned)
        try:
            opened.session.commit(batch)
        except sqlite3.Error as error:
            if is_new or not is_lack_of_room(error):
                raise
            self._squeeze_in(opened, batch)
        self._disowned.clear()

    def _squeeze_in(self, opened: _Opened, batch: Batch) -> None:
        """Commit what is not new in small parts, in the room of the reserve."""
        opened.room.give_up_reserve()
        for part in parts(batch):
            opened.room.empty_log()
            opened.session.commit(part)

    def _disown(self, opened: _Opened, batch: Batch) -> None:
        """Have new jobs that are refused not come back with a file that comes back."""
        self._is_failing = True
        self._disowned.update((record.number, None) for record in batch.added)
        if self._disowned:
            with suppress(*ERRORS):
                opened.session.commit(ending(self._disowned))

    def probe(self, health: Health) -> None:
        """Look whether new jobs would be taken now, and say how large the file is.

        Raises:
            StoreError: they would be refused, with the reason.
        """
        with self._opened() as opened:
            health.location = f"sqlite://{shown(self._path)}"
            health.size, health.free = opened.room.size(), opened.room.free()
            opened.presence.check()
            _check_room(opened, 0)
            if self._is_failing:
                opened.session.try_out()
                opened.presence.look()
                self._is_failing = False

    def close(self) -> None:
        """Close the file and unlock it; closing it twice does nothing."""
        opened, self._open = self._open, None
        if opened is None:
            return
        opened.room.give_up_reserve()
        connection = opened.session.connection
        if opened.presence.is_here():
            opened.session.end()
            connection.close()
        else:
            abandon(connection)
        opened.presence.close()

    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            queue = opened.queues.find(query.function, query.priority)
            if queue is not None:
                fill_page(opened.connection, opened.reader, queue, query)

    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            queue = opened.queues.find(query.function, query.priority)
            if queue is not None:
                fill_due_page(opened.connection, opened.reader, queue, query)

    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            query.record = opened.find(query.number, is_dead=False)

    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            query.record = opened.find_key(query.key, query.function)

    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            list_jobs(opened.connection, opened.reader, opened.queues, query)

    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            list_dead(opened.connection, opened.reader, opened.queues, query)

    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            query.record = opened.find(query.number, is_dead=True)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        """Return the open session; what goes wrong with it becomes a StoreError."""
        with self._opened() as opened:
            yield opened.session

    @contextmanager
    def _opened(self) -> Iterator[_Opened]:
        """Return what is open; what goes wrong with it becomes a StoreError."""
        if self._open is None:
            raise StoreError(f"the store {shown(self._path)} is not open")
        try:
            yield self._open
        except ERRORS as error:
            raise explain(self._path, error) from error


def _check_room(opened: _Opened, size: int) -> None:
    try:
        opened.room.check(size)
    finally:
        # It may have cut the log.
        opened.presence.look()
