"""Large workloads, which a SQLite store keeps in pieces beside the rows of jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final
from zlib import crc32

from geartrain.engine.records import JobRecord
from geartrain.stores.sqlite.schema import DamageError

__all__ = ["insert_pieces", "read_pieces"]

# SQLite takes no value of more than 10^9 bytes, and needs some times its size to write
# one.
_PIECE: Final = 1024 * 1024


def insert_pieces(cursor: sqlite3.Cursor, record: JobRecord) -> int:
    """Insert a workload in pieces; return how many bytes it has."""
    size = 0
    for position, piece in enumerate(_cut(record)):
        cursor.execute(
            "INSERT INTO pieces VALUES(?, ?, ?, ?)",
            (record.number, position, crc32(piece, position), piece),
        )
        size += len(piece)
    return size


def read_pieces(
    connection: sqlite3.Connection, number: int, size: int
) -> Iterator[bytes]:
    """Return the pieces of a workload of so many bytes.

    Raises:
        DamageError: a piece is lost or damaged.
    """
    rows = connection.execute(
        "SELECT position, sum, data FROM pieces WHERE number = ? ORDER BY position",
        (number,),
    )
    expected = 0
    try:
        for position, checksum, data in rows:
            is_whole = type(data) is bytes and crc32(data, expected) == checksum
            if position != expected or not is_whole:
                break
            expected += 1
            size -= len(data)
            yield data
    finally:
        rows.close()
    if size:
        raise DamageError(f"a piece of the workload of job {number} is damaged")


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
