"""A job as a row of SQLite, with checksums.

A row is four numbers and two blobs, see ``job_packing``. The checksum covers both and
the columns beside them, and the head has the workload's: damage to any byte is noticed.
Large workloads lie in ``pieces``, each with its own checksum.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import HEAD_SIZE, cut
from geartrain.stores.sqlite.damage import DamageError

__all__ = ["Row", "insert_pieces", "read_pieces", "seal"]

_STATE: Final = Struct("<qqq")


class Row(NamedTuple):
    """The columns of a job; None stands for what should be a blob and is none.

    ``length`` is that of the workload, which may not have been read.
    """

    number: int
    queue: int
    due: int
    sum: int
    pieces: int
    length: int
    failures: bytes | None
    head: bytes | None
    workload: bytes | None

    def is_whole(self) -> bool:
        """Tell whether the checksum of everything but the workload is right."""
        if self.head is None or len(self.head) < HEAD_SIZE:
            return False
        # If the description of the table is damaged, the number may be NULL.
        if type(self.number) is not int:
            return False
        expected = crc32(self.head, self.number) ^ self.seal()
        return self.sum == expected

    def seal(self) -> int:
        """Return the checksum of the columns beside the head."""
        return seal(self.queue, self.due, self.pieces, self.failures)


def seal(queue: int, due: int, pieces: int, failures: bytes | None) -> int:
    """Return the checksum of the columns beside the head of a row."""
    return crc32(failures or b"", crc32(_STATE.pack(queue, due, pieces)))


# Bytes. SQLite takes no value of more than 10^9 bytes, and to write one needs several
# times its size in memory.
_PIECE: Final = 1024 * 1024


def insert_pieces(cursor: sqlite3.Cursor, record: JobRecord) -> int:
    """Insert a workload in pieces; return its size in bytes."""
    size = 0
    for position, piece in enumerate(cut(record, _PIECE)):
        cursor.execute(
            "INSERT INTO pieces VALUES(?, ?, ?, ?)",
            (record.number, position, crc32(piece, position), piece),
        )
        size += len(piece)
    return size


def read_pieces(
    connection: sqlite3.Connection, number: int, size: int, first: int = 0
) -> Iterator[bytes]:
    """Return the pieces of a workload of ``size`` bytes, or those with the ``first``.

    Raises:
        DamageError: a piece is lost or damaged.
    """
    rows = connection.execute(
        "SELECT position, sum, data FROM pieces WHERE number = ? ORDER BY position",
        (number,),
    )
    expected, least = 0, size - first if first else -1
    try:
        for position, checksum, data in rows:
            is_whole = type(data) is bytes and crc32(data, expected) == checksum
            if position != expected or not is_whole:
                break
            expected += 1
            size -= len(data)
            yield data
            if size <= least:
                return
    finally:
        rows.close()
    if size:
        raise DamageError(f"a piece of the workload of job {number} is damaged")
