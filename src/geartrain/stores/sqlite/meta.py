"""What a SQLite store keeps of itself."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from struct import Struct
from typing import Final
from zlib import crc32

from geartrain.stores.sqlite.damage import DamageError

__all__ = [
    "is_in_use",
    "is_reserved",
    "lost_number",
    "read_clock",
    "read_reserved",
    "reserve_lost",
    "write_clock",
    "write_in_use",
    "write_refused",
    "write_reserved",
]

_BITS: Final = Struct("<q")
_DOUBLE: Final = Struct("<d")
_NAMES: Final = ("steady", "calendar")


def read_clock(connection: sqlite3.Connection) -> tuple[float, float]:
    """Return a server time and the calendar's of the same moment; 0 for none.

    If they are damaged they are none: server time then goes on at the calendar's.
    """
    found: dict[object, float] = {}
    with suppress(sqlite3.Error):
        for name, value, checksum in connection.execute(
            "SELECT name, value, sum FROM meta WHERE name IN ('steady', 'calendar')"
        ):
            if isinstance(value, int) and crc32(_BITS.pack(value)) == checksum:
                found[name] = _DOUBLE.unpack(_BITS.pack(value))[0]
    steady, calendar = (found.get(name.encode(), 0.0) for name in _NAMES)
    return (steady, calendar) if steady > 0 and calendar > 0 else (0.0, 0.0)


def write_clock(cursor: sqlite3.Cursor, steady: float, calendar: float) -> None:
    """Keep a server time and the calendar's of the same moment."""
    for name, moment in zip(_NAMES, (steady, calendar), strict=True):
        bits = _DOUBLE.pack(moment)
        cursor.execute(
            "INSERT OR REPLACE INTO meta VALUES(?, ?, ?)",
            (name, _BITS.unpack(bits)[0], crc32(bits)),
        )


# Numbers given per second, for as long as a store lives: more than it can keep up.
_RATE: Final = 10_000


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
    for table in ("jobs", "schedules"):
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
