"""The results that a SQLite store keeps: a row for each job that has ended.

The newest of a function and key is found by a digest of both, which the index of keys
has beside those of jobs: in an index of their own, random digests had each commit write
a page for each result (``keys`` has figures). What has expired is found by its age, and
dropped a slice at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final
from zlib import crc32

from geartrain.engine.batches import Batch
from geartrain.engine.results import RESULT_FIELDS, FindResult, ResultRecord
from geartrain.stores.packing import Packing
from geartrain.stores.sqlite.damage import DamageError
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.schema import Value, chunks, places, tuples

__all__ = [
    "RESULT_COLUMNS",
    "find_result",
    "next_expiry",
    "result_digest",
    "unpack_result",
    "write_results",
]

RESULT_COLUMNS: Final = "number, expires, key, sum, head, data"
"""What ``unpack_result`` takes."""

_SELECT: Final = f"SELECT {RESULT_COLUMNS} FROM results"
_BY_NUMBER: Final = f"{_SELECT} WHERE number = ?"

# Rows of one key that are looked at for the newest that is wanted.
_MOST_LOOKED_AT: Final = 100
# A commit drops so many results, or those with so many bytes, and one at least: to
# give back the pages of large ones takes a while.
_MOST_DROPPED: Final = 1000
_MOST_BYTES: Final = 32 * 1024 * 1024

_WIDTH: Final = len(RESULT_COLUMNS.split(", "))
_PACKING: Final = Packing(RESULT_FIELDS)


def write_results(cursor: sqlite3.Cursor, batch: Batch, keys: Keys) -> None:
    """Keep the results of a batch, and drop some that have expired if it says so."""
    values: list[Value] = []
    for record in batch.results.values():
        head, data = _PACKING.pack(record), b"".join(record.pieces)
        number, expires, key = record.number, record.expires, None
        if record.key:
            key = result_digest(record.function, record.key)
            keys.added += (key, number)
        checksum = _sum(number, expires, key, head, data)
        values += (number, expires, key, checksum, head, data)
    for part in chunks(values, _WIDTH):
        rows = tuples(len(part) // _WIDTH, _WIDTH)
        cursor.execute(f"INSERT OR REPLACE INTO results {rows}", part)
    if batch.expired_until:
        _drop_expired(cursor, batch.expired_until, keys)
        batch.next_expiry = next_expiry(cursor.connection)


def _drop_expired(cursor: sqlite3.Cursor, until: float, keys: Keys) -> None:
    found = cursor.execute(
        "SELECT number, key, length(data) FROM results WHERE expires <= ? "
        "ORDER BY expires LIMIT ?",
        (until, _MOST_DROPPED),
    ).fetchall()
    size = 0
    numbers: list[int] = []
    for number, key, length in found:
        numbers.append(number)
        if key is not None:
            keys.removed += (key, number)
        size += length
        if size >= _MOST_BYTES:
            break
    for part in chunks(numbers):
        cursor.execute(f"DELETE FROM results WHERE number IN {places(len(part))}", part)


def next_expiry(connection: sqlite3.Connection) -> float:
    """Return when the first result expires, a server time; 0 if none is kept."""
    found = connection.execute(
        "SELECT expires FROM results ORDER BY expires LIMIT 1"
    ).fetchone()
    return float(found[0]) if found else 0.0


def find_result(connection: sqlite3.Connection, query: FindResult, keys: Keys) -> None:
    """Answer a query; a record that is damaged is named and not returned."""
    for row in _rows(connection, query, keys):
        try:
            record = unpack_result(*row)
        except DamageError:
            query.damaged.append(query.number)
            continue
        if query.takes(record):
            query.record = record
            return


def _rows(
    connection: sqlite3.Connection, query: FindResult, keys: Keys
) -> Iterator[tuple[object, ...]]:
    numbers = [query.number]
    if not query.number:
        digest = result_digest(query.function, query.key)
        numbers = keys.latest(connection, digest, _MOST_LOOKED_AT)
    for number in numbers:
        yield from connection.execute(_BY_NUMBER, (number,))


def unpack_result(
    number: object,
    expires: object,
    key: object,
    checksum: object,
    head: object,
    data: object,
) -> ResultRecord:
    """Return the record in a row.

    Raises:
        DamageError: it is not as it was written.
    """
    if (
        isinstance(number, int)
        and isinstance(expires, float)
        and isinstance(key, int | None)
        and isinstance(head, bytes)
        and isinstance(data, bytes)
        and _sum(number, expires, key, head, data) == checksum
    ):
        return _unpack(number, head, data)
    raise DamageError(f"the result of job {number!r} is not as it was written")


def _unpack(number: int, head: bytes, data: bytes) -> ResultRecord:
    record = ResultRecord(number, b"", b"")
    try:
        _PACKING.unpack(record, head)
    except ValueError as error:
        raise DamageError(f"the result of job {number} is damaged") from error
    record.pieces = [data] if data else []
    return record


def result_digest(function: bytes, key: bytes) -> int:
    """Return what a function and key are indexed by."""
    hashed = blake2b(function + b"\0" + key, digest_size=8).digest()
    return int.from_bytes(hashed, "little", signed=True)


def _sum(number: int, expires: float, key: int | None, head: bytes, data: bytes) -> int:
    beside = b"%d %r %r" % (number, expires, key)
    return crc32(data, crc32(head, crc32(beside)))
