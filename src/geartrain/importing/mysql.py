"""The tables of gearmand's ``MySQL`` queue, in MySQL or MariaDB."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import ER
from pymysql.cursors import SSCursor

from geartrain.errors import StoreError
from geartrain.importing.locations import Location
from geartrain.importing.records import (
    CHUNK,
    NoQueueError,
    QueuedJob,
    Unreadable,
    ambiguous_rows,
    table_jobs,
)
from geartrain.stores.mysql.location import MysqlLocation, location_of

if TYPE_CHECKING:
    from pymysql.connections import Connection

__all__ = ["MysqlSource", "open_source"]

# gearmand sends utf8mb4. A column may have another character set.
_UNIQUE = "CAST(CONVERT(unique_key USING utf8mb4) AS BINARY)"
_FUNCTION = "CAST(CONVERT(function_name USING utf8mb4) AS BINARY)"

_PAIR = "(unique_key = %s AND function_name = %s)"


def open_source(location: Location) -> MysqlSource:
    """Open the table in the database of a ``mysql://`` URL.

    Raises:
        OptionError: the URL names no database.
        StoreError: the server, database or table cannot be read.
    """
    place = location_of(location.url)
    return MysqlSource(place, location.table or "gearman_queue", location.delete)


class MysqlSource:
    """A table on a server.

    Rows are read one by one from the server, never all into memory. That keeps the
    first connection busy, so rows are deleted over a second one.
    """

    def __init__(self, place: MysqlLocation, table: str, delete: bool) -> None:
        self._arguments = place.arguments()
        self._server = place.server
        self._name = table
        self._table = ".".join(_quoted(part) for part in table.split("."))
        self._connections: list[Connection[Any]] = []
        with self._store_errors():
            self._reader = self._connect()
            columns = self._columns()
            self._when = "when_to_run" if "when_to_run" in columns else "NULL"
            if delete:
                self._check_keys()
                self._writer = self._connect()
                # Otherwise a delete would wait for ever if reading locks the table.
                self._run(self._writer, "SET lock_wait_timeout = 10")

    def _connect(self) -> Connection[Any]:
        connection: Connection[Any] = pymysql.connect(
            **self._arguments,
            charset="utf8mb4",
            autocommit=True,
        )
        self._connections.append(connection)
        return connection

    def _run(self, connection: Connection[Any], query: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def _columns(self) -> set[str]:
        rows = self._run(self._reader, f"SHOW COLUMNS FROM {self._table}")
        return {row[0].lower() for row in rows}

    def _check_keys(self) -> None:
        twins = self._run(
            self._reader,
            f"SELECT 1 FROM {self._table} GROUP BY unique_key, function_name"
            " HAVING COUNT(*) > 1 LIMIT 1",
        )
        if twins:
            raise ambiguous_rows(self._name)

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Yield each row as a job."""
        query = (
            f"SELECT {_UNIQUE}, {_FUNCTION}, priority, data, {self._when}"
            f" FROM {self._table}"
        )
        with (
            self._store_errors(),
            contextlib.closing(SSCursor(self._reader)) as cursor,
        ):
            cursor.execute(query)
            yield from table_jobs(cursor)

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete rows by their unique and function, in one transaction."""
        # As text, which the server converts to the columns' character set. For bytes it
        # would convert the columns, and read the whole table for each row.
        keys = [(job.unique.decode(), job.function.decode()) for job in jobs]
        with self._store_errors(), self._writer.cursor() as cursor:
            self._writer.begin()
            for start in range(0, len(keys), CHUNK):
                some = keys[start : start + CHUNK]
                # Each pair is looked up in the index; of a list of pairs after IN, the
                # server would read the whole table.
                where = " OR ".join([_PAIR] * len(some))
                cursor.execute(
                    f"DELETE FROM {self._table} WHERE {where}",
                    [text for pair in some for text in pair],
                )
            self._writer.commit()

    def close(self) -> None:
        """Disconnect."""
        for connection in self._connections:
            # An orderly close would first read all remaining rows.
            connection._force_close()  # type: ignore[attr-defined]

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise the server's errors as StoreError."""
        try:
            yield
        except pymysql.Error as error:
            code, text = (*error.args, "", "")[:2]
            if code == ER.NO_SUCH_TABLE:
                raise NoQueueError(
                    f"MySQL on {self._server}: no table {self._name!r}: name gearmand's"
                    " with --table"
                ) from None
            raise StoreError(f"MySQL on {self._server}: {text or code}") from None
        except RuntimeError as error:
            # MySQL 8 may ask for a way to authenticate that needs another package.
            raise StoreError(
                f"MySQL on {self._server}: {error}: pip install 'PyMySQL[rsa]'"
            ) from None


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
