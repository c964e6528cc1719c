"""What a SQLite store keeps besides jobs: recurring jobs, and reserved numbers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from struct import Struct
from typing import Any, Final
from zlib import crc32

from geartrain.engine.records import ScheduleRecord
from geartrain.stores.sqlite.schema import DamageError

__all__ = [
    "count_schedules",
    "delete_schedules",
    "insert_schedules",
    "is_in_use",
    "is_reserved",
    "lost_number",
    "pack_schedule",
    "read_reserved",
    "read_schedules",
    "reserve_lost",
    "unpack_schedule",
    "write_in_use",
    "write_refused",
    "write_reserved",
]

_LENGTH: Final = Struct("<I")
# Numbers given per second, for as long as a store lives: more than it can keep up.
_RATE: Final = 10_000


def insert_schedules(
    cursor: sqlite3.Cursor, schedules: Iterable[ScheduleRecord]
) -> None:
    """Insert recurring jobs, in place of those with the same numbers."""
    for schedule in schedules:
        packed = pack_schedule(schedule)
        checksum = crc32(packed, schedule.number)
        cursor.execute(
            "INSERT OR REPLACE INTO schedules VALUES(?, ?, ?)",
            (schedule.number, checksum, packed),
        )


def delete_schedules(cursor: sqlite3.Cursor, numbers: Iterable[int]) -> None:
    """Delete recurring jobs."""
    for number in numbers:
        cursor.execute("DELETE FROM schedules WHERE number = ?", (number,))


def read_schedules(connection: sqlite3.Connection) -> list[ScheduleRecord]:
    """Return all recurring jobs in the order of their numbers.

    Raises:
        DamageError: one is not as it was written.
    """
    rows = connection.execute(
        "SELECT number, sum, record FROM schedules ORDER BY number"
    ).fetchall()
    return [unpack_schedule(*row) for row in rows]


def count_schedules(connection: sqlite3.Connection) -> int:
    """Return how many recurring jobs there are; 0 if they cannot be read."""
    with suppress(sqlite3.Error):
        found = connection.execute("SELECT count(*) FROM schedules").fetchone()
        return int(found[0])
    return 0


def pack_schedule(schedule: ScheduleRecord) -> bytes:
    """Return all of a recurring job but its number."""
    parts = (
        schedule.handle,
        schedule.function,
        schedule.unique,
        schedule.workload,
        *schedule.fields,
    )
    packed: list[bytes] = []
    for part in parts:
        packed += (_LENGTH.pack(len(part)), part)
    return b"".join(packed)


def unpack_schedule(number: Any, checksum: object, packed: Any) -> ScheduleRecord:
    """Return the recurring job in a row.

    Raises:
        DamageError: it is not as it was written.
    """
    # Where the description of a table is damaged, a number may be none.
    is_readable = isinstance(packed, bytes) and isinstance(number, int)
    if not is_readable or crc32(packed, number) != checksum:
        raise DamageError(f"the recurring job {number} is not as it was written")
    parts: list[bytes] = []
    end = 0
    while end < len(packed):
        (length,) = _LENGTH.unpack_from(packed, end)
        start = end + _LENGTH.size
        end = start + length
        parts.append(packed[start:end])
    handle, function, unique, workload, *fields = parts
    schedule = ScheduleRecord(number, handle, function)
    schedule.unique = unique
    schedule.workload = workload
    schedule.fields = fields
    return schedule


def read_reserved(connection: sqlite3.Connection) -> int:
    """Return the highest number that was reserved or is kept.

    Raises:
        DamageError: it cannot have been written by ``write_reserved``.
    """
    reserved = connection.execute(
        "SELECT value, sum FROM meta WHERE name = 'reserved'"
    ).fetchone()
    if reserved is None or not is_reserved(*reserved):
        raise DamageError("the number to go on from is lost")
    highest: int = reserved[0]
    for table in ("jobs", "schedules", "results"):
        number = connection.execute(f"SELECT max(number) FROM {table}").fetchone()[0]
        highest = max(highest, number or 0)
    return highest


def is_reserved(value: object, checksum: object) -> bool:
    """Tell whether a number to go on from is as it was written."""
    return isinstance(value, int) and _sum(value) == checksum


def write_reserved(cursor: sqlite3.Cursor, number: int) -> None:
    """Reserve all numbers up to this one; a lower one than before changes nothing."""
    cursor.execute(
        "UPDATE meta SET value = ?, sum = ? WHERE name = 'reserved' AND value < ?",
        (number, _sum(number), number),
    )


def reserve_lost(connection: sqlite3.Connection) -> None:
    """Reserve all numbers that may have been given before all was lost."""
    with closing(connection.cursor()) as cursor:
        write_reserved(cursor, lost_number())


def lost_number() -> int:
    """Return a number to go on from where nobody knows which ones were given.

    No store has given so many: it is more than 10,000 a second since 1970.
    """
    return int(time.time() * _RATE)


def write_refused(connection: sqlite3.Connection) -> None:
    """Count a transaction that failed, so that something takes its place in the log.

    If its fsync failed, all of it is in the log, and after a crash it would count.
    """
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'refused'")


def write_in_use(connection: sqlite3.Connection, is_in_use: bool) -> None:
    """Note that a job server has the file open, or has closed it in order.

    While it is open, a log belongs to it that is as good as the file itself.
    """
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES('in_use', ?, NULL)", (int(is_in_use),)
    )


def is_in_use(connection: sqlite3.Connection) -> bool:
    """Tell whether the last job server that had the file open did not close it."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'in_use'").fetchone()
    return row is not None and row[0] == 1


def _sum(reserved: int) -> int:
    return crc32(b"%d" % reserved)
