"""The SQLite store: one file, one transaction a batch."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from typing import Final

from geartrain.engine.journal import Batch, JobRecord
from geartrain.errors import OptionError, StoreError
from geartrain.stores.base import Store
from geartrain.stores.sqlite_file import ERRORS, explain, open_file
from geartrain.stores.sqlite_rows import (
    delete_jobs,
    insert_jobs,
    read_jobs,
    read_reserved,
    write_refused,
    write_reserved,
)

__all__ = ["SqliteStore"]

# What a commit waits for: with a write-ahead log, FULL is one fsync a commit.
_SYNCHRONOUS: Final = {"disk": "FULL", "os": "NORMAL"}


class SqliteStore(Store):
    """Background jobs in a SQLite file with a write-ahead log."""

    def __init__(self, path: str, durability: str) -> None:
        """Keep jobs in the file ``path``.

        Args:
            path: the file; it and its folder are made if they are missing.
            durability: ``disk`` if a commit is to survive a power cut, ``os`` if the
                end of the process is enough.

        Raises:
            OptionError: the durability is neither.
        """
        if durability not in _SYNCHRONOUS:
            raise OptionError(f"{durability!r} is no durability: use disk or os")
        self._path = os.path.abspath(path)
        self._synchronous = _SYNCHRONOUS[durability]
        self._connection: sqlite3.Connection | None = None
        self._reader: Generator[JobRecord, None, None] | None = None
        self._has_pieces = False

    def open(self) -> int:
        """Open the file, making it if there is none, and lock it.

        Returns the highest number that was ever reserved or kept, 0 if none was.

        Raises:
            StoreError: it cannot be opened, is in use by another job server, is
                damaged, or is no store of this format.
        """
        connection = open_file(self._path, self._synchronous)
        try:
            reserved = read_reserved(connection)
            pieces = connection.execute("SELECT EXISTS(SELECT 1 FROM pieces)")
            self._has_pieces = pieces.fetchone()[0] != 0
        except ERRORS as error:
            connection.close()
            raise self._explain(error) from error
        self._connection = connection
        return reserved

    def load(self) -> Iterator[JobRecord]:
        """Return all jobs kept, in the order of their numbers.

        Raises:
            StoreError: it cannot be read.
        """
        self._reader = self._read(self._opened())
        return self._reader

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns, nothing if it raises.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed.
        """
        connection = self._opened()
        try:
            self._write(connection, batch)
        except BaseException as error:
            _undo(connection)
            if isinstance(error, ERRORS):
                raise self._explain(error) from error
            raise

    def close(self) -> None:
        """Close the file and unlock it; closing it twice does nothing."""
        connection, self._connection = self._connection, None
        if self._reader is not None:
            # A statement that is not at its end would keep the file open.
            self._reader.close()
            self._reader = None
        if connection is not None:
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"the store {self._path} is not open")
        return self._connection

    def _read(self, connection: sqlite3.Connection) -> Generator[JobRecord, None, None]:
        try:
            yield from read_jobs(connection)
        except ERRORS as error:
            raise self._explain(error) from error

    def _write(self, connection: sqlite3.Connection, batch: Batch) -> None:
        if not (batch.added or batch.ended or batch.reserved):
            return
        # A cursor that an error's traceback holds would keep the file open.
        with closing(connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            if batch.reserved:
                write_reserved(cursor, batch.reserved)
            if insert_jobs(cursor, batch.added):
                # Left set if the commit fails: it costs a deletion of nothing.
                self._has_pieces = True
            delete_jobs(cursor, batch.ended, has_pieces=self._has_pieces)
            cursor.execute("COMMIT")

    def _explain(self, error: Exception) -> StoreError:
        return explain(self._path, error)


def _undo(connection: sqlite3.Connection) -> None:
    """Roll a failed transaction back, as far as a failing disk lets it be."""
    # SQLite may have rolled back already.
    with suppress(sqlite3.Error):
        connection.rollback()
    with suppress(sqlite3.Error):
        write_refused(connection)
