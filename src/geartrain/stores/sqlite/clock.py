"""What time it was when a SQLite store was last told."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from struct import Struct
from typing import Final
from zlib import crc32

__all__ = ["read_clock", "write_clock"]

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
    for name, time in zip(_NAMES, (steady, calendar), strict=True):
        bits = _DOUBLE.pack(time)
        cursor.execute(
            "INSERT OR REPLACE INTO meta VALUES(?, ?, ?)",
            (name, _BITS.unpack(bits)[0], crc32(bits)),
        )
