"""What a SQLite store keeps besides jobs: recurring jobs, and reserved numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from zlib import crc32

from geartrain.engine.records import ScheduleRecord
from geartrain.stores.schedule_packing import pack_schedule, unpack_schedule
from geartrain.stores.sqlite.damage import DamageError

__all__ = [
    "count_schedules",
    "delete_schedules",
    "insert_schedules",
    "read_schedules",
    "schedule_of",
]


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
    return [schedule_of(*row) for row in rows]


def count_schedules(connection: sqlite3.Connection) -> int:
    """Return how many recurring jobs there are; 0 if they cannot be read."""
    with suppress(sqlite3.Error):
        found = connection.execute("SELECT count(*) FROM schedules").fetchone()
        return int(found[0])
    return 0


def schedule_of(number: Any, checksum: object, packed: Any) -> ScheduleRecord:
    """Return the recurring job in a row.

    Raises:
        DamageError: it is not as it was written.
    """
    # Where the description of a table is damaged, a number may be none.
    is_readable = isinstance(packed, bytes) and isinstance(number, int)
    if not is_readable or crc32(packed, number) != checksum:
        raise DamageError(f"the recurring job {number} is not as it was written")
    return unpack_schedule(number, packed)
