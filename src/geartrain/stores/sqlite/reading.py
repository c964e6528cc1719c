"""Rows of jobs, read many at once and made into records.

A statement has SQLite put all rows into one, the blobs of a column one behind the
other: ``schema`` says why. A damaged row is recognised by a missing blob or by its
checksum, and the rows beside it are read all the same.

SQLite stops at a page it cannot read. A slice then goes on from the index, which knows
the numbers of the rows on that page, and reads one by one; of rows that cannot be read
it has only what the index says.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final
from zlib import crc32

from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import due_of, fill_failures, unpack_head
from geartrain.stores.sqlite.damage import DamageError, is_damage
from geartrain.stores.sqlite.queues import SqliteQueues
from geartrain.stores.sqlite.rows import Row, read_pieces
from geartrain.stores.sqlite.schema import Value, chunks, places

__all__ = [
    "SINGLE",
    "Reader",
    "Slice",
    "find_unreadable",
    "is_unreadable",
    "read_heads",
    "read_numbered",
    "read_rows",
    "read_sizes",
    "read_slice",
    "read_slice_heads",
]

# Taken so, the length of a workload is known without reading it.
_LENGTH: Final = "CASE typeof(workload) WHEN 'blob' THEN length(workload) ELSE -1 END"
_HEAD_COLUMNS: Final = (
    f"number, queue, due, sum, pieces, failures, head, {_LENGTH} AS length"
)
_ROW_COLUMNS: Final = f"{_HEAD_COLUMNS}, workload"


def _number(column: str) -> str:
    return f"group_concat(ifnull(CAST({column} AS INTEGER), 0))"


def _length(column: str) -> str:
    return (
        f"group_concat(CASE typeof({column}) "
        f"WHEN 'blob' THEN length({column}) ELSE -1 END)"
    )


def _content(column: str) -> str:
    return f"group_concat(CASE typeof({column}) WHEN 'blob' THEN {column} END, '')"


_HEADS: Final = ", ".join(
    [
        *map(_number, ("number", "queue", "due", "sum", "pieces", "length")),
        *map(_length, ("failures", "head")),
        *map(_content, ("failures", "head")),
    ]
)
_ROWS: Final = f"{_HEADS}, {_content('workload')}"


SINGLE: Final = "SELECT {} FROM jobs WHERE number = ?"
"""A statement for ``read_heads`` and ``read_rows``."""


def read_heads(
    connection: sqlite3.Connection, select: str, values: Sequence[Value]
) -> list[Row]:
    """Return rows without their workloads, which are not read.

    ``select`` is a statement with ``{}`` for the columns.
    """
    source = select.replace("{}", _HEAD_COLUMNS)
    row = connection.execute(f"SELECT {_HEADS} FROM ({source})", values).fetchone()
    return list(_rows(row, None))


def read_rows(
    connection: sqlite3.Connection, select: str, values: Sequence[Value]
) -> list[Row]:
    """Return rows; ``select`` is a statement with ``{}`` for the columns."""
    source = select.replace("{}", _ROW_COLUMNS)
    row = connection.execute(f"SELECT {_ROWS} FROM ({source})", values).fetchone()
    return list(_rows(row, row[-1] or b""))


def read_sizes(
    connection: sqlite3.Connection, select: str, values: Sequence[Value]
) -> list[int]:
    """Return the bytes of workloads; ``select`` is as in ``read_rows``."""
    source = select.replace("{}", f"number, due, max({_LENGTH}, pieces) AS size")
    row = connection.execute(
        f"SELECT {_number('size')} FROM ({source})", values
    ).fetchone()
    return [] if row[0] is None else _integers(row[0])


def read_numbered(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[Row]:
    """Return the rows of jobs and dead letters, without their workloads."""
    rows: list[Row] = []
    for part in chunks(numbers):
        select = f"SELECT {{}} FROM jobs WHERE number IN {places(len(part))}"
        rows += read_heads(connection, select, part)
    return rows


def find_unreadable(connection: sqlite3.Connection, numbers: Iterable[int]) -> set[int]:
    """Return the numbers of those rows that SQLite cannot read."""
    unreadable: set[int] = set()
    for number in numbers:
        try:
            read_heads(connection, SINGLE, (number,))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            unreadable.add(number)
    return unreadable


class Reader:
    """Makes records of rows."""

    def __init__(self, connection: sqlite3.Connection, queues: SqliteQueues) -> None:
        self._connection = connection
        self._queues = queues

    def records(self, rows: Iterable[Row]) -> tuple[list[JobRecord], list[int]]:
        """Return the jobs in rows, and the numbers of those that are damaged."""
        queues = self._queues.by_id
        records: list[JobRecord] = []
        damaged: list[int] = []
        for row in rows:
            number, queue_id, due, checksum, pieces, length, failures, head, data = row
            queue = queues.get(queue_id)
            if queue is None or due or pieces or failures or not head or data is None:
                self._add(row, records, damaged)
                continue
            if crc32(head, number) ^ queue.seal != checksum:
                damaged.append(number)
                continue
            record, checksum = unpack_head(number, head, queue.function)
            if crc32(data) != checksum:
                damaged.append(number)
                continue
            record.priority = queue.priority
            record.queue_key = queue.key
            record.size = length
            record.workload = data
            records.append(record)
        return records, damaged

    def heads(self, rows: Iterable[Row]) -> tuple[list[JobRecord], list[int]]:
        """Return what ``records`` does, without the workloads."""
        records: list[JobRecord] = []
        damaged: list[int] = []
        for row in rows:
            try:
                records.append(self.head(row))
            except DamageError:
                damaged.append(row.number)
        return records, damaged

    def head(self, row: Row) -> JobRecord:
        """Return the job in a row, without its workload.

        Raises:
            DamageError: it is not as it was written.
        """
        return self._head(row)[0]

    def record(self, row: Row, first: int = 0) -> JobRecord:
        """Return the job in a row, with its workload, or the pieces with its ``first``.

        Raises:
            DamageError: it is not as it was written.
        """
        record, checksum = self._head(row)
        if row.workload is None or crc32(row.workload) != checksum:
            raise DamageError(f"the workload of job {row.number} is damaged")
        record.workload = row.workload
        if row.pieces:
            pieces = read_pieces(self._connection, row.number, row.pieces, first)
            record.workload = next(pieces)
            record.more = list(pieces)
        return record

    def _add(self, row: Row, records: list[JobRecord], damaged: list[int]) -> None:
        try:
            records.append(self.record(row))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            damaged.append(row.number)

    def _head(self, row: Row) -> tuple[JobRecord, int]:
        queue = self._queues.by_id.get(abs(row.queue))
        if queue is None or row.head is None or not row.is_whole():
            raise DamageError(f"job {row.number} is not as it was written")
        record, checksum = unpack_head(row.number, row.head, queue.function)
        record.priority = queue.priority
        record.queue_key = queue.key
        record.size = row.pieces or row.length
        if row.due:
            record.due, record.is_steady = due_of(row.due)
        if row.failures is not None:
            try:
                fill_failures(record, row.failures)
            except ValueError as error:
                raise DamageError(str(error)) from error
        return record, checksum


def _rows(row: Sequence[bytes | None], workloads: bytes | None) -> Iterable[Row]:
    """Return the rows that SQLite has put into one."""
    if row[0] is None:
        return ()
    *columns, sizes, failures, heads = map(_integers, row[:8])
    read = [-1] * len(sizes) if workloads is None else sizes
    blobs = (_blobs(row[8], failures), _blobs(row[9], heads), _blobs(workloads, read))
    return map(Row._make, zip(*columns, sizes, *blobs, strict=True))


def _integers(text: bytes | None) -> list[int]:
    return list(map(int, (text or b"").split(b",")))


def _blobs(joined: bytes | None, lengths: list[int]) -> Iterator[bytes | None]:
    """Return blobs that lie one behind the other; None for a negative length."""
    data, end = joined or b"", 0
    for length in lengths:
        if length < 0:
            yield None
        else:
            yield data[end : (end := end + length)]


# A slice with workloads ends with the job that makes them as large as this.
_MOST_BYTES: Final = 4 * 1024 * 1024

# The queue of a row that SQLite cannot read.
_UNREADABLE: Final = 0

Slice = tuple[str, Sequence[Value]]
"""A SELECT up to its LIMIT, with ``{}`` for the columns, and its values."""

_Read = Callable[[sqlite3.Connection, str, Sequence[Value]], list[Row]]


def is_unreadable(row: Row) -> bool:
    """Tell whether SQLite could not read a row of a slice."""
    return row.queue == _UNREADABLE and row.head is None


def read_slice(connection: sqlite3.Connection, place: Slice, most: int) -> list[Row]:
    """Return rows with their workloads, until these are large enough."""
    select, values = f"{place[0]} LIMIT ?", place[1]
    try:
        sizes = accumulate(read_sizes(connection, select, (*values, most)))
        fitting = bisect_left(list(sizes), _MOST_BYTES) + 1
        return read_rows(connection, select, (*values, min(fitting, most)))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return _read_singly(connection, place, most, read_rows)


def read_slice_heads(
    connection: sqlite3.Connection, place: Slice, most: int
) -> list[Row]:
    """Return rows without their workloads."""
    select, values = place
    try:
        return read_heads(connection, f"{select} LIMIT ?", (*values, most))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return _read_singly(connection, place, most, read_heads)


def _read_singly(
    connection: sqlite3.Connection, place: Slice, most: int, read: _Read
) -> list[Row]:
    select, values = place
    # These are in the index, and so no row is looked at.
    numbers = f"{select.replace('{}', 'number, due')} LIMIT ?"
    found = connection.execute(numbers, (*values, most)).fetchall()
    rows: list[Row] = []
    size = 0
    for number, due in found:
        try:
            row = read(connection, SINGLE, (number,))[0]
        except (sqlite3.DatabaseError, IndexError):
            row = Row(number, _UNREADABLE, due, 0, 0, 0, None, None, None)
        rows.append(row)
        size += max(row.length, row.pieces)
        if size >= _MOST_BYTES:
            break
    return rows
