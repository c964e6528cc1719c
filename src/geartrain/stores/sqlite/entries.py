"""The entries of a SQLite store: bytes by kind and key."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from zlib import crc32

from geartrain.engine.records import Entry
from geartrain.stores.sqlite.damage import DamageError

__all__ = ["ENTRY_COLUMNS", "read_entries", "unpack_entry", "write_entries"]

ENTRY_COLUMNS = "id, kind, key, sum, value"
"""What ``unpack_entry`` takes."""


def write_entries(
    cursor: sqlite3.Cursor, entries: Mapping[tuple[bytes, bytes], bytes | None]
) -> None:
    """Keep values by kind and key, and forget those that are None."""
    kept = [
        (*name, _sum(*name, value), value)
        for name, value in entries.items()
        if value is not None
    ]
    cursor.executemany(
        "INSERT INTO entries(kind, key, sum, value) VALUES(?, ?, ?, ?) "
        "ON CONFLICT(kind, key) DO UPDATE SET sum = excluded.sum, "
        "value = excluded.value",
        kept,
    )
    cursor.executemany(
        "DELETE FROM entries WHERE kind = ? AND key = ?",
        [name for name, value in entries.items() if value is None],
    )


def read_entries(connection: sqlite3.Connection) -> list[Entry]:
    """Return all entries in the order of kinds and keys.

    Raises:
        DamageError: one is not as it was written.
    """
    rows = connection.execute(
        f"SELECT {ENTRY_COLUMNS} FROM entries ORDER BY kind, key"
    ).fetchall()
    return [unpack_entry(*row) for row in rows]


def unpack_entry(
    number: object, kind: object, key: object, checksum: object, value: object
) -> Entry:
    """Return the entry in a row.

    Raises:
        DamageError: it is not as it was written.
    """
    if (
        isinstance(kind, bytes)
        and isinstance(key, bytes)
        and isinstance(value, bytes)
        and _sum(kind, key, value) == checksum
    ):
        return Entry(kind, key, value)
    raise DamageError(f"the entry {number!r} is not as it was written")


def _sum(kind: bytes, key: bytes, value: bytes) -> int:
    return crc32(value, crc32(key, crc32(b"%d " % len(key) + kind)))
