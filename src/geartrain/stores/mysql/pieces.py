"""Contents of any size, cut in pieces that a packet takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import cut
from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.statements import among, row_of, wide

__all__ = [
    "MOST_INLINE",
    "RESULT",
    "SCHEDULE",
    "WORKLOAD",
    "Pieces",
    "cut_bytes",
    "cut_workload",
]

WORKLOAD: Final = 0
RESULT: Final = 1
SCHEDULE: Final = 2

MOST_INLINE: Final = 64 * 1024
"""Bytes of the largest workload or result that lies in its row.

A larger one would be copied with each change of the row, or not fit in a packet.
"""

# Bytes. In hexadecimal two of these fit in the smallest packet.
_PIECE: Final = 256 * 1024
# Bytes that are read at once.
_MOST_READ: Final = 4 * 1024 * 1024


def cut_workload(record: JobRecord) -> Iterator[bytes]:
    """Return a job's workload in pieces."""
    return cut(record, _PIECE)


def cut_bytes(data: bytes) -> Iterator[bytes]:
    """Return bytes in pieces; one at least."""
    for start in range(0, max(1, len(data)), _PIECE):
        yield data[start : start + _PIECE]


class Pieces:
    """The table of pieces."""

    def __init__(self, prefix: str) -> None:
        self._table = f"{prefix}pieces"

    def insert(self, kind: int, number: int, pieces: Iterable[bytes]) -> Iterator[str]:
        """Return the statements that keep pieces."""
        rows = (
            row_of(kind, number, position, piece)
            for position, piece in enumerate(pieces)
        )
        return wide(f"INSERT INTO {self._table}", rows)

    def delete(self, kind: int, numbers: Sequence[int]) -> Iterator[str]:
        """Return the statements that delete all pieces with these numbers."""
        where = f"DELETE FROM {self._table} WHERE kind = {kind} AND number"
        return among(where, numbers)

    def read(
        self, connection: MysqlConnection, kind: int, number: int, size: int
    ) -> list[bytes]:
        """Return the pieces with the first ``size`` bytes, or all there are."""
        found: list[bytes] = []
        left = size
        while left > 0:
            most = max(1, min(left, _MOST_READ) // _PIECE + 1)
            rows = connection.rows(
                f"SELECT data FROM {self._table} WHERE kind = {kind} AND number ="
                f" {number} AND position >= {len(found)} ORDER BY position LIMIT {most}"
            )
            if not rows:
                break
            found += [data for (data,) in rows]
            left -= sum(len(data) for (data,) in rows)
        return found

    def read_all(
        self, connection: MysqlConnection, kind: int
    ) -> list[tuple[int, bytes]]:
        """Return numbers and whole contents of one kind, in the order of numbers."""
        rows = connection.rows(
            f"SELECT number, data FROM {self._table} WHERE kind = {kind}"
            " ORDER BY number, position"
        )
        found: dict[int, list[bytes]] = {}
        for number, data in rows:
            found.setdefault(number, []).append(data)
        return [(number, b"".join(pieces)) for number, pieces in found.items()]
