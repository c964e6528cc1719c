"""Job records as rows of SQLite, many with each statement.

Python gives up and takes back its lock around every statement, and beside a busy event
loop each taking back may cost a switch interval: so a commit is few, wide statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from functools import cache
from typing import Any, Final

from geartrain.engine.journal import JobRecord

__all__ = [
    "SCHEMA",
    "DamageError",
    "delete_jobs",
    "insert_jobs",
    "read_jobs",
    "read_reserved",
    "write_refused",
    "write_reserved",
]

# Large values are written twice as fast beside an index as within one, which is what
# WITHOUT ROWID would be: so ``pieces`` goes without.
SCHEMA: Final = (
    """
    CREATE TABLE jobs(
        number INTEGER PRIMARY KEY,
        handle BLOB NOT NULL,
        function BLOB NOT NULL,
        uniq BLOB NOT NULL,
        priority INTEGER NOT NULL,
        reducer BLOB NOT NULL,
        due REAL NOT NULL,
        losses INTEGER NOT NULL,
        submitted REAL NOT NULL,
        workload BLOB NOT NULL,
        pieces INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE pieces(
        number INTEGER NOT NULL,
        position INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY(number, position)
    )
    """,
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO meta VALUES('reserved', 0), ('refused', 0)",
)
"""The statements that make an empty store."""

_JOB_COLUMNS: Final = (
    "number, handle, function, uniq, priority, reducer, due, losses, submitted, "
    "workload, pieces"
)
_JOB_TYPES: Final = (
    int,
    bytes,
    bytes,
    bytes,
    int,
    bytes,
    float,
    int,
    float,
    bytes,
    int,
)
_WIDTH: Final = len(_JOB_TYPES)

# The most rows of one statement: SQLite takes 32766 values, and while Python hands
# them over, about half a millisecond for these, nothing else runs.
_MOST_INSERTED: Final = 512
_MOST_DELETED: Final = 8192
# A statement goes off with this much workload, because SQLite keeps a copy of all its
# values until the statement is used again.
_MOST_BYTES: Final = 1024 * 1024
# A workload is kept in pieces of this many bytes, the first beside the job: SQLite
# takes no value of more than 10^9 bytes, and needs some times its size to write one.
_PIECE: Final = 1024 * 1024

_Value = int | float | bytes


class DamageError(sqlite3.DatabaseError):
    """What was read is not what was written; the text says where."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"


def insert_jobs(cursor: sqlite3.Cursor, records: list[JobRecord]) -> bool:
    """Insert jobs; return whether one of them needed a row in ``pieces``."""
    values: list[_Value] = []
    size = 0
    has_pieces = False
    for record in records:
        workload, pieces = record.workload, 0
        if record.more or len(workload) > _PIECE:
            workload, pieces = _insert_pieces(cursor, record)
            has_pieces = has_pieces or pieces > 0
        values += (
            record.number,
            record.handle,
            record.function,
            record.unique,
            record.priority,
            record.reducer,
            record.due,
            record.losses,
            record.submitted,
            workload,
            pieces,
        )
        size += len(workload)
        if size >= _MOST_BYTES:
            _insert_rows(cursor, values)
            values, size = [], 0
    _insert_rows(cursor, values)
    return has_pieces


def delete_jobs(
    cursor: sqlite3.Cursor, numbers: list[int], *, has_pieces: bool
) -> None:
    """Delete the jobs of these numbers, and their pieces if there may be any."""
    start = 0
    while start < len(numbers):
        count = _fit(len(numbers) - start, _MOST_DELETED)
        some = numbers[start : start + count]
        cursor.execute(_delete_text("jobs", count), some)
        if has_pieces:
            cursor.execute(_delete_text("pieces", count), some)
        start += count


def read_jobs(connection: sqlite3.Connection) -> Generator[JobRecord, None, None]:
    """Return all jobs in the order of their numbers.

    Raises:
        DamageError: a row cannot have been written by ``insert_jobs``.
    """
    rows = connection.execute(f"SELECT {_JOB_COLUMNS} FROM jobs ORDER BY number")
    try:
        for row in rows:
            record, pieces = _record(row)
            if pieces:
                record.more = _read_pieces(connection, record.number, pieces)
            yield record
    finally:
        rows.close()


def read_reserved(connection: sqlite3.Connection) -> int:
    """Return the highest number that was reserved or is kept.

    Raises:
        DamageError: it cannot have been written by ``write_reserved``.
    """
    reserved = connection.execute(
        "SELECT value FROM meta WHERE name = 'reserved'"
    ).fetchone()
    if reserved is None or type(reserved[0]) is not int:
        raise DamageError("the number to go on from is lost")
    highest = connection.execute("SELECT max(number) FROM jobs").fetchone()[0]
    return max(reserved[0], highest or 0)


def write_reserved(cursor: sqlite3.Cursor, number: int) -> None:
    """Reserve all numbers up to this one; a lower one than before changes nothing."""
    cursor.execute(
        "UPDATE meta SET value = ? WHERE name = 'reserved' AND value < ?",
        (number, number),
    )


def write_refused(connection: sqlite3.Connection) -> None:
    """Count a transaction that failed, so that something takes its place in the log.

    If its fsync failed, all of it is in the log, and after a crash it would count.
    """
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'refused'")


def _insert_pieces(cursor: sqlite3.Cursor, record: JobRecord) -> tuple[bytes, int]:
    """Insert all of a workload but its first piece; return that and how many follow."""
    pieces = _cut(record)
    first = next(pieces)
    count = 0
    for count, piece in enumerate(pieces, 1):
        cursor.execute(
            "INSERT INTO pieces VALUES(?, ?, ?)", (record.number, count, piece)
        )
    return first, count


def _cut(record: JobRecord) -> Iterator[bytes]:
    """Return a workload in pieces of the size it is kept in, at least one."""
    gathered: list[bytes] = []
    room = _PIECE
    for piece in (record.workload, *record.more):
        start = 0
        while len(piece) - start > room:
            gathered.append(piece[start : start + room])
            yield b"".join(gathered)
            start += room
            gathered, room = [], _PIECE
        gathered.append(piece[start:] if start else piece)
        room -= len(piece) - start
    yield b"".join(gathered)


def _insert_rows(cursor: sqlite3.Cursor, values: list[_Value]) -> None:
    start = 0
    while start < len(values):
        count = _fit((len(values) - start) // _WIDTH, _MOST_INSERTED)
        end = start + count * _WIDTH
        cursor.execute(_insert_text(count), values[start:end])
        start = end


def _fit(count: int, most: int) -> int:
    """Return how many rows the next statement takes.

    Only the four highest bits count: so any number of rows needs few statements, and
    all statements there are remain prepared.
    """
    if count >= most:
        return most
    shift = max(0, count.bit_length() - 4)
    return count >> shift << shift


@cache
def _insert_text(count: int) -> str:
    row = f"({', '.join('?' * _WIDTH)})"
    return f"INSERT INTO jobs({_JOB_COLUMNS}) VALUES {', '.join([row] * count)}"


@cache
def _delete_text(table: str, count: int) -> str:
    return f"DELETE FROM {table} WHERE number IN ({', '.join('?' * count)})"


def _record(row: tuple[Any, ...]) -> tuple[JobRecord, int]:
    """Return the job in a row, and how many pieces follow its workload."""
    if tuple(map(type, row)) != _JOB_TYPES:
        raise DamageError(f"job {row[0]} is not as it was written")
    number, handle, function, *rest = row
    record = JobRecord(number, handle, function)
    (
        record.unique,
        record.priority,
        record.reducer,
        record.due,
        record.losses,
        record.submitted,
        record.workload,
        pieces,
    ) = rest
    return record, pieces


def _read_pieces(
    connection: sqlite3.Connection, number: int, count: int
) -> list[bytes]:
    rows = connection.execute(
        "SELECT position, data FROM pieces WHERE number = ? ORDER BY position",
        (number,),
    ).fetchall()
    if [position for position, _ in rows] != list(range(1, count + 1)):
        raise DamageError(f"a piece of the workload of job {number} is lost")
    pieces = [data for _, data in rows]
    if not all(type(piece) is bytes for piece in pieces):
        raise DamageError(f"a piece of the workload of job {number} is damaged")
    return pieces
