"""The tables of gearmand's ``libsqlite3`` queue."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from geartrain.errors import OptionError, StoreError
from geartrain.importing.locations import Location
from geartrain.importing.records import (
    CHUNK,
    NoQueueError,
    QueuedJob,
    Unreadable,
    queued_job,
)

__all__ = ["SqliteSource", "open_source"]

_COLUMNS = ("unique_key", "function_name", "priority", "data", "when_to_run")
_FIRST_ROW = -(2**63)


def open_source(location: Location) -> SqliteSource:
    """Open the database of a ``sqlite:///path`` URL.

    Raises:
        OptionError: the path is not a full one.
        StoreError: there is no such file, or no queue table in it.
    """
    path = location.url.removeprefix("sqlite://")
    if not path.startswith("/"):
        raise OptionError(f"{location.url!r}: write sqlite:///full/path/of/the/file")
    return SqliteSource(path, location.table or "gearman_queue", location.delete)


class SqliteSource:
    """A table in a SQLite file."""

    def __init__(self, path: str, table: str, delete: bool) -> None:
        self._path = path
        self._name = table
        self._table = '"' + table.replace('"', '""') + '"'
        if not os.path.isfile(path):
            raise NoQueueError(f"{path}: there is no such file")
        # It is opened for writing even if nothing is deleted, because only then SQLite
        # rolls back what a killed gearmand has left half done.
        mode = "rw" if delete or os.access(path, os.W_OK) else "ro"
        with self._store_errors():
            self._database = sqlite3.connect(
                f"file:{quote(os.fsencode(path))}?mode={mode}", uri=True, timeout=2
            )
            self._database.text_factory = bytes
            self._select = self._query()

    def _query(self) -> str:
        rows = self._database.execute(f"PRAGMA table_info({self._table})").fetchall()
        if not rows:
            raise NoQueueError(
                f"{self._path}: no table {self._name!r}: name gearmand's with --table"
            )
        there = {row[1].decode() for row in rows}
        missing = [name for name in _COLUMNS[:4] if name not in there]
        if missing:
            raise StoreError(
                f"table {self._name!r} of {self._path} is not gearmand's queue: it"
                f" has no column {missing[0]}"
            )
        when = "when_to_run" if "when_to_run" in there else "NULL"
        columns = f"rowid, {', '.join(_COLUMNS[:4])}, {when}"
        return (
            f"SELECT {columns} FROM {self._table} WHERE rowid >= ?"
            f" ORDER BY rowid LIMIT {CHUNK}"
        )

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Yield each row as a job, in the order of row numbers."""
        after: int | None = _FIRST_ROW
        while after is not None:
            with self._store_errors():
                rows = self._database.execute(self._select, (after,)).fetchall()
            for number, *cells in rows:
                yield queued_job(
                    cells,
                    origin=f"row {number}",
                    identity=b"%d" % number,
                    key=number,
                )
            after = rows[-1][0] + 1 if len(rows) == CHUNK else None

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete rows in one transaction."""
        with self._store_errors(), self._database:
            self._database.executemany(
                f"DELETE FROM {self._table} WHERE rowid = ?",
                [(job.key,) for job in jobs],
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise SQLite's errors as StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            hint = ": stop gearmand first" if "locked" in str(error) else ""
            raise StoreError(f"{self._path}: {error}{hint}") from None
