"""What a SQLite store keeps about itself, by names in the table ``meta``.

``steady`` and ``calendar`` are a server time and the calendar's of the same moment,
``reserved`` is the highest number given to a job, ``refused`` counts failed
transactions, and ``in_use`` tells whether a job server has the file open.
"""

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

    If they are damaged, both are 0: server time then continues from the calendar's.
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


# Maximum of numbers given per second, on average over a store's life.
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
    """Skip all numbers that may have been given before the store was lost."""
    with closing(connection.cursor()) as cursor:
        write_reserved(cursor, lost_number())


def lost_number() -> int:
    """Return a number above all that the store can have given before it was lost.

    No store has given so many: it is 10,000 for each second since 1970.
    """
    return int(time.time() * _RATE)


def write_refused(connection: sqlite3.Connection) -> None:
    """Overwrite a failed transaction in the log by one that counts it.

    If only its fsync failed, all of it is in the log: after a crash SQLite would take
    it for committed, although it was reported as refused.
    """
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'refused'")


def write_in_use(connection: sqlite3.Connection, is_in_use: bool) -> None:
    """Note that a job server has the file open, or has closed it in order.

    While it is open, what was committed last may be in the log alone: if the log is
    missing at the next start, jobs are lost, and the operator is told.
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
