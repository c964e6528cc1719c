"""What a SQLite store keeps besides jobs: recurring jobs, and reserved numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from struct import Struct
from typing import Any, Final
from zlib import crc32

from geartrain.engine.records import SCHEDULE_FIELDS, ScheduleRecord
from geartrain.stores.sqlite.damage import DamageError

__all__ = [
    "count_schedules",
    "delete_schedules",
    "insert_schedules",
    "pack_schedule",
    "read_schedules",
    "unpack_schedule",
]

_LENGTH: Final = Struct("<I")
# Each has one part in the blob, but for the fields of its times, which have one each.
# Rows of earlier versions end before the headers.
*_FIRST, _TIMES, _HEADERS = (field.name for field in SCHEDULE_FIELDS)
_TIME_FIELDS: Final = 5


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
    parts = [getattr(schedule, name) for name in _FIRST]
    parts += [*getattr(schedule, _TIMES), getattr(schedule, _HEADERS)]
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
    schedule = ScheduleRecord(number, b"", b"")
    for name, part in zip(_FIRST, parts, strict=False):
        setattr(schedule, name, part)
    rest = parts[len(_FIRST) :]
    setattr(schedule, _TIMES, rest[:_TIME_FIELDS])
    setattr(schedule, _HEADERS, b"".join(rest[_TIME_FIELDS:]))
    return schedule
