"""The results that a MySQL store keeps: a row for each job that has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.results import RESULT_FIELDS, FindResult, ResultRecord
from geartrain.stores.job_packing import bits_of, digest
from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.pieces import MOST_INLINE, RESULT, Pieces, cut_bytes
from geartrain.stores.mysql.statements import among, row_of, wide
from geartrain.stores.packing import Packing

__all__ = ["Results"]

_PACKING: Final = Packing(RESULT_FIELDS)

# Rows of one key that are looked at for the newest that is wanted.
_MOST_LOOKED_AT: Final = 100
# A commit drops so many results, or those with so many bytes, and one at least.
_MOST_DROPPED: Final = 1000
_MOST_BYTES: Final = 32 * 1024 * 1024


class Results:
    """The table of results."""

    def __init__(self, prefix: str, pieces: Pieces) -> None:
        self._table = f"{prefix}results"
        self._pieces = pieces

    def expired(self, until: float) -> str:
        """Return the statement whose rows ``written`` takes."""
        return (
            f"SELECT number, size FROM {self._table} WHERE expires <= {bits_of(until)}"
            f" ORDER BY expires LIMIT {_MOST_DROPPED}"
        )

    def written(
        self, batch: Batch, expired: Sequence[tuple[int, int]]
    ) -> Iterator[str]:
        """Return the statements that keep the results of a batch, and drop some."""
        dropped, large = _dropped(batch, expired)
        yield from self._pieces.delete(RESULT, [*batch.results, *large])
        yield from among(f"DELETE FROM {self._table} WHERE number", dropped)
        yield from wide(
            f"REPLACE INTO {self._table}", map(_row, batch.results.values())
        )
        for number, record in batch.results.items():
            data = b"".join(record.pieces)
            if len(data) > MOST_INLINE:
                yield from self._pieces.insert(RESULT, number, cut_bytes(data))

    def next_expiry(self) -> str:
        """Return the statement that finds when the first result expires, as bits."""
        return f"SELECT MIN(expires) FROM {self._table}"

    def find(self, connection: MysqlConnection, query: FindResult) -> None:
        """Answer a query; a record that cannot be read is named and not returned."""
        where = f"number = {query.number}"
        if not query.number:
            found = _digest(query.function, query.key)
            where = f"digest = {found} ORDER BY number DESC LIMIT {_MOST_LOOKED_AT}"
        rows = connection.rows(
            f"SELECT number, size, head, data FROM {self._table} WHERE {where}"
        )
        for number, size, head, data in rows:
            record = ResultRecord(number, b"", b"")
            try:
                _PACKING.unpack(record, head)
            except ValueError:
                query.damaged.append(number)
                continue
            if query.takes(record):
                record.pieces = [data] if data else []
                if size > MOST_INLINE:
                    record.pieces = self._pieces.read(connection, RESULT, number, size)
                query.record = record
                return


def _row(record: ResultRecord) -> str:
    data = b"".join(record.pieces)
    key = _digest(record.function, record.key) if record.key else None
    inline = data if len(data) <= MOST_INLINE else b""
    expires, head = bits_of(record.expires), _PACKING.pack(record)
    return row_of(record.number, expires, key, len(data), head, inline)


def _digest(function: bytes, key: bytes) -> int:
    return digest(function + b"\0" + key)


def _dropped(
    batch: Batch, expired: Sequence[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    """Return the numbers of results to drop, and of these the large ones."""
    dropped: list[int] = []
    large: list[int] = []
    size = 0
    for number, length in expired:
        if number in batch.results:
            # It is written anew.
            continue
        dropped.append(number)
        if length > MOST_INLINE:
            large.append(number)
        size += length
        if size >= _MOST_BYTES:
            break
    return dropped, large
