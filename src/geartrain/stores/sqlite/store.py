"""The SQLite store: one file, one transaction a batch.

    store ── opening ── session   the connection: batches in, answers out
                     ├─ presence  are the files still those that the path names?
                     └─ room      do new jobs fit on the disk?

A batch is committed if its files are present and its new jobs fit. A file found to be
damaged, at the start or later, is made anew by ``stores.salvage`` and opened again.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.health import Health
from geartrain.engine.queries import Query
from geartrain.engine.records import JobRecord
from geartrain.errors import OptionError, StoreError
from geartrain.stores.base import Recovery
from geartrain.stores.owners import owners_rights
from geartrain.stores.sqlite.answers import SqliteAnswers
from geartrain.stores.sqlite.backup import Backup
from geartrain.stores.sqlite.damage import (
    Mender,
    is_busy,
    is_mendable,
    is_structural,
)
from geartrain.stores.sqlite.file import ERRORS, explain, is_lack_of_room
from geartrain.stores.sqlite.opening import Opened, Opening
from geartrain.stores.sqlite.presence import GoneError
from geartrain.stores.sqlite.room import NoRoomError, ending, parts
from geartrain.stores.sqlite.session import StoreSession
from geartrain.texts import visible

__all__ = ["SqliteStore"]

# SQLite's setting by durability. With a write-ahead log FULL is one fsync a commit, and
# NORMAL is one a checkpoint.
_SYNCHRONOUS: Final = {"disk": "FULL", "os": "NORMAL", "memory": "NORMAL"}

# Seconds between two attempts to mend an open file: one that fills with damage again at
# once is on a failing disk.
_MENDING: Final = 60.0


class SqliteStore(SqliteAnswers):
    """Background jobs in a SQLite file with a write-ahead log."""

    def __init__(
        self, path: str, durability: str, mender: Mender | None = None
    ) -> None:
        """Keep jobs in the file ``path``.

        Args:
            path: the file; it and its folder are made if they are missing.
            durability: ``disk`` if commits must survive a power cut, ``os`` or
                ``memory`` if they must survive the end of the process only.
            mender: makes a damaged file whole; without one it is not opened.

        Raises:
            OptionError: there is no such durability.
        """
        if durability not in _SYNCHRONOUS:
            raise OptionError(
                f"{durability!r} is no durability: use disk, os or memory"
            )
        self._path = os.path.abspath(path)
        self._synchronous = _SYNCHRONOUS[durability]
        self._holds = durability != "memory"
        self._open: Opened | None = None
        # The damage that the last statement found in pages of the open file.
        self._damage: StoreError | None = None
        # New jobs that were refused and may be in the file all the same.
        self._disowned: dict[int, None] = {}
        self._is_failing = False
        self._backup: Backup | None = None
        self._mender = mender
        self._mended_at = -_MENDING

    def open(self) -> Inventory:
        """Open the file, making it if there is none, lock it, and say what it keeps.

        The time does not depend on the number of jobs, unless the file is damaged and
        mended. Root opens it with the rights of its owner.

        Raises:
            StoreError: it cannot be opened, is in use by another job server, is
                damaged, or is no store of this format.
        """
        with owners_rights(self._path):
            if self._mender is not None:
                reason = self._mender.look(self._path)
                if reason:
                    self._mend_closed(StoreError(reason))
            try:
                return self._try_open(is_looked_at=self._mender is not None)
            except StoreError as error:
                if self._mender is None or not is_mendable(error.__cause__):
                    raise
                self._mend_closed(error)
                return self._try_open(is_looked_at=False)

    def _try_open(self, *, is_looked_at: bool) -> Inventory:
        mends = self._mender is not None
        opening = Opening(self._path, self._synchronous, mends, is_looked_at)
        self._open, inventory = opening.open()
        self.problems += tuple(opening.problems)
        return inventory

    def _mend_closed(self, error: StoreError) -> None:
        """Mend the file, which is closed."""
        assert self._mender is not None
        self._mended_at = time.monotonic()
        try:
            self._tell(0, None)
            self.problems += tuple(self._mender.mend(self._path, self._tell))
        except StoreError as failed:
            if str(failed) == str(error):
                raise error from None
            if is_busy(failed.__cause__):
                raise
            raise StoreError(f"{error}; {failed}") from error

    def _tell(self, done: int, total: int | None) -> None:
        """Say how far the rebuilding has come."""
        self.recovery = Recovery("rebuilding", done, total)

    def _mend_open(self, reason: StoreError) -> bool:
        """Close the file, mend it and open it again; return whether it was mended."""
        is_over = time.monotonic() - self._mended_at < _MENDING
        opened = self._open
        if self._mender is None or opened is None or is_over:
            return False
        if not opened.presence.is_here():
            return False
        self.close()
        try:
            self._mend_closed(reason)
            return True
        except StoreError as error:
            self.problems += (str(error),)
            return False
        finally:
            self._try_open(is_looked_at=False)

    def answer(self, query: Query) -> None:
        """Answer a query of any kind, or put into it why it cannot be answered."""
        super().answer(query)
        damage, self._damage = self._damage, None
        if query.is_torn:
            damage = StoreError(f"pages of {visible(self._path)} cannot be read")
        elif not query.error:
            damage = None
        if damage is not None and self._mend_open(damage):
            query.begin_again()
            super().answer(query)

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns.

        If it raises, nothing that is new in it is kept; of the rest some may be.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed.
        """
        try:
            self._commit(batch)
        except StoreError:
            damage, self._damage = self._damage, None
            if damage is None or not self._mend_open(damage):
                raise
            self._commit(batch)

    def _commit(self, batch: Batch) -> None:
        is_new = batch.has_new()
        with self._opened() as opened:
            try:
                opened.presence.check()
                fitting, refused = batch, list[JobRecord]()
                if is_new:
                    fitting, refused = self._fitting(opened, batch)
                self._write(opened, fitting, is_new)
                batch.next_expiry = fitting.next_expiry
                batch.untold = len(batch.endings) - len(fitting.endings)
                opened.presence.look()
                for record in refused:
                    what = f"a job of {record.size} bytes"
                    reason = opened.room.refusal(what, record.size)
                    batch.refusals[record.number] = reason
                for number in batch.results.keys() - fitting.results.keys():
                    size = batch.results[number].size
                    reason = opened.room.refusal(f"a result of {size} bytes", size)
                    batch.refusals[number] = reason
            except GoneError:
                self._disown(opened, batch)
                raise
            except (*ERRORS, StoreError):
                self._is_failing = True
                raise
        self._is_failing = False

    def _fitting(self, opened: Opened, batch: Batch) -> tuple[Batch, list[JobRecord]]:
        """Return the part of a batch that fits on the disk, and the jobs that do not.

        Raises:
            NoRoomError: no new job fits.
        """
        try:
            _check_room(opened, batch.size)
        except NoRoomError as error:
            if error.most is None:
                raise
            fitting, refused = batch.within(error.most)
            # With durability ``memory`` the engine gives the others again, at once.
            if not (self._holds or fitting.added or fitting.replaced):
                raise
            for record in refused:
                record.size = len(record.workload) + sum(map(len, record.more))
            return fitting, refused
        return batch, []

    def _write(self, opened: Opened, batch: Batch, is_new: bool) -> None:
        batch.ended.update(self._disowned)
        try:
            opened.session.commit(batch)
        except sqlite3.Error as error:
            if is_new or not is_lack_of_room(error):
                raise
            self._squeeze_in(opened, batch)
        self._disowned.clear()

    def _squeeze_in(self, opened: Opened, batch: Batch) -> None:
        """Commit a batch without new jobs in the room of the reserve, or in parts."""
        opened.room.give_up_reserve()
        opened.room.empty_log()
        # The errors that workers gave for dead letters could fill the reserve:
        # ``parts`` shortens them.
        if not batch.buried:
            with suppress(sqlite3.Error):
                opened.session.commit(batch)
                return
        for part in parts(batch):
            opened.room.empty_log()
            opened.session.commit(part)
            batch.next_expiry = part.next_expiry or batch.next_expiry

    def _disown(self, opened: Opened, batch: Batch) -> None:
        """Keep refused jobs from returning with a file that is put back."""
        self._is_failing = True
        self._disowned.update((record.number, None) for record in batch.added)
        if self._disowned:
            with suppress(*ERRORS):
                opened.session.commit(ending(self._disowned))

    def probe(self, health: Health) -> None:
        """Check whether new jobs would be accepted, and fill in the size of the file.

        Raises:
            StoreError: they would be refused, with the reason.
        """
        with self._opened() as opened:
            health.location = f"sqlite://{visible(self._path)}"
            try:
                opened.presence.confirm()
                _check_room(opened, 0)
            finally:
                health.size, health.free = opened.room.size(), opened.room.free()
            if self._is_failing:
                opened.session.try_out()
                opened.presence.look()
                self._is_failing = False

    def back_up(self, health: Health) -> None:
        """Begin to copy the file beside it; ``health`` tells how that goes."""
        with self._opened() as opened:
            size = opened.room.size()
            self._backup = Backup(opened.session.connection, self._path, size, health)
            self._backup.start()

    def _stop_backup(self) -> None:
        if self._backup is not None:
            self._backup.stop()
            self._backup = None

    def close(self) -> None:
        """Close the file and unlock it; closing it twice does nothing."""
        self._stop_backup()
        opened, self._open = self._open, None
        if opened is None:
            return
        self._count_astray(opened)
        opened.close()

    def _count_astray(self, opened: Opened) -> None:
        """Count and report the records in a file that the path no longer names."""
        self.astray = 0
        if opened.presence.is_database_here():
            return
        self.astray = opened.session.count()
        if not self.astray:
            return
        said = f"the file {visible(self._path)} of the store is not in its place: "
        if opened.presence.has_name():
            said += (
                f"{self.astray} jobs, dead letters and recurring jobs are in it: put "
                "it back by renaming it before the next start"
            )
        else:
            said += (
                f"it was removed, and {self.astray} jobs, dead letters and recurring "
                "jobs are lost with it"
            )
        self.problems += (said,)

    @contextmanager
    def _reading(self) -> Iterator[StoreSession]:
        """Return the open session; what goes wrong with it becomes a StoreError."""
        with self._opened() as opened:
            yield opened.session

    @contextmanager
    def _opened(self) -> Iterator[Opened]:
        """Return what is open; what goes wrong with it becomes a StoreError."""
        if self._open is None:
            raise StoreError(f"the store {visible(self._path)} is not open")
        try:
            yield self._open
        except ERRORS as error:
            explained = explain(self._path, error)
            if is_structural(error):
                self._damage = explained
            raise explained from error


def _check_room(opened: Opened, size: int) -> None:
    try:
        opened.room.check(size)
    finally:
        if opened.room.has_emptied_log:
            opened.room.has_emptied_log = False
            opened.presence.look()
