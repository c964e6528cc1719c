"""The tables of gearmand's ``Postgres`` queue."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from geartrain.errors import OptionError, StoreError
from geartrain.importing.locations import Location
from geartrain.importing.records import (
    NoQueueError,
    QueuedJob,
    Unreadable,
    ambiguous_rows,
    table_jobs,
)

__all__ = ["PostgresqlSource", "open_source"]

# The bytes as gearmand sent them, whatever the database's encoding.
_SELECT = sql.SQL(
    "SELECT convert_to(unique_key, getdatabaseencoding()),"
    " convert_to(function_name, getdatabaseencoding()), priority, data, {when}"
    " FROM {table}"
)
# A name such as the encoding's makes the text collate as "C", which keeps the columns'
# index from being used.
_TEXT = 'convert_from(%s, getdatabaseencoding()) COLLATE "default"'
_DELETE = sql.SQL(
    "DELETE FROM {table} WHERE unique_key = " + _TEXT + " AND function_name = " + _TEXT
)
_TWINS = sql.SQL(
    "SELECT 1 FROM {table} GROUP BY unique_key, function_name"
    " HAVING count(*) > 1 LIMIT 1"
)


def open_source(location: Location) -> PostgresqlSource:
    """Open the table in the database of a ``postgresql://`` URL, as libpq reads it.

    Raises:
        OptionError: the URL cannot be read.
        StoreError: the server, database or table cannot be read.
    """
    try:
        psycopg.conninfo.conninfo_to_dict(location.url)
    except psycopg.ProgrammingError as error:
        raise OptionError(f"postgresql:// cannot be read: {error}") from None
    return PostgresqlSource(location.url, location.table or "queue", location.delete)


class PostgresqlSource:
    """A table on a server. Rows are deleted over a second connection."""

    def __init__(self, url: str, table: str, delete: bool) -> None:
        self._url = url
        self._name = table
        self._table = sql.Identifier(*table.split("."))
        self._stack = contextlib.ExitStack()
        with self._store_errors():
            self._reader = self._connect(autocommit=False)
            self._when = self._find_when()
            if delete:
                self._check_keys()
                self._writer = self._connect(autocommit=True)

    def _connect(self, autocommit: bool) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = psycopg.connect(
            self._url, autocommit=autocommit, connect_timeout=10
        )
        self._stack.callback(connection.close)
        return connection

    def _find_when(self) -> sql.Composable:
        query = sql.SQL("SELECT * FROM {table} LIMIT 0").format(table=self._table)
        columns = self._reader.execute(query).description or []
        there = "when_to_run" in {column.name for column in columns}
        return sql.SQL("when_to_run" if there else "NULL::integer")

    def _check_keys(self) -> None:
        if self._reader.execute(_TWINS.format(table=self._table)).fetchone():
            raise ambiguous_rows(self._name)

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Yield each row as a job."""
        query = _SELECT.format(when=self._when, table=self._table)
        with (
            self._store_errors(),
            self._reader.cursor("import", binary=True) as cursor,
        ):
            cursor.execute(query)
            yield from table_jobs(cursor)

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete rows by their unique and function, in one transaction."""
        query = _DELETE.format(table=self._table)
        keys = [(job.unique, job.function) for job in jobs]
        with (
            self._store_errors(),
            self._writer.transaction(),
            self._writer.cursor() as cursor,
        ):
            cursor.executemany(query, keys)

    def close(self) -> None:
        """Disconnect."""
        self._stack.close()

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise the server's errors as StoreError."""
        try:
            yield
        except psycopg.errors.UndefinedTable:
            raise NoQueueError(
                f"PostgreSQL: no table {self._name!r}: name gearmand's with --table"
            ) from None
        except psycopg.Error as error:
            raise StoreError(f"PostgreSQL: {error}") from None
