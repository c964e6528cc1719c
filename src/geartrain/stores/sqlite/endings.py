"""What a SQLite store keeps of the ends of jobs: a row each, in their order.

They are found by handle, by unique and by function, and what has expired by its age.
"""

from __future__ import annotations

import sqlite3
from typing import Final
from zlib import crc32

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ENDING_FIELDS, Ending, ListEndings
from geartrain.stores.job_packing import digest
from geartrain.stores.packing import Packing
from geartrain.stores.sqlite.damage import DamageError
from geartrain.stores.sqlite.schema import Value, chunks, tuples

__all__ = [
    "ENDING_COLUMNS",
    "last_ending",
    "list_endings",
    "next_ending_expiry",
    "unpack_ending",
    "write_endings",
]

ENDING_COLUMNS: Final = "serial, expires, sum, record"
"""What ``unpack_ending`` takes."""

_WIDTH: Final = 7
# A commit drops so many endings: that takes about 20 ms.
_MOST_DROPPED: Final = 1000
# Rows that are looked at for one slice of a list: about 30 ms.
_MOST_LOOKED_AT: Final = 2000

_PACKING: Final = Packing(ENDING_FIELDS)


def write_endings(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Keep the endings of a batch, and drop some that have expired if it says so."""
    values: list[Value] = []
    for ending in batch.endings:
        values += _columns(ending)
    for chunk in chunks(values, _WIDTH):
        rows = tuples(len(chunk) // _WIDTH, _WIDTH)
        cursor.execute(f"INSERT OR REPLACE INTO endings {rows}", chunk)
    if batch.expired_until:
        cursor.execute(
            "DELETE FROM endings WHERE serial IN (SELECT serial FROM endings "
            "WHERE expires <= ? ORDER BY expires LIMIT ?)",
            (batch.expired_until, _MOST_DROPPED),
        )
        expiry = next_ending_expiry(cursor.connection)
        if expiry and not 0 < batch.next_expiry < expiry:
            batch.next_expiry = expiry


def _columns(ending: Ending) -> tuple[Value, ...]:
    record = _PACKING.pack(ending)
    return (
        ending.serial,
        ending.until,
        digest(ending.handle),
        digest(ending.unique) if ending.unique else None,
        digest(ending.function),
        _sum(ending.serial, ending.until, record),
        record,
    )


def next_ending_expiry(connection: sqlite3.Connection) -> float:
    """Return when the first ending expires, a server time; 0 if none is kept."""
    found = connection.execute(
        "SELECT expires FROM endings ORDER BY expires LIMIT 1"
    ).fetchone()
    return float(found[0]) if found else 0.0


def last_ending(connection: sqlite3.Connection) -> int:
    """Return the highest serial of an ending; 0 if none is kept."""
    found = connection.execute("SELECT max(serial) FROM endings").fetchone()[0]
    return found if isinstance(found, int) else 0


def list_endings(connection: sqlite3.Connection, query: ListEndings) -> None:
    """Answer a query; endings that are damaged are named and left out."""
    where, values = _condition(query)
    rows = connection.execute(
        f"SELECT {ENDING_COLUMNS} FROM endings WHERE {where} "
        "ORDER BY serial DESC LIMIT ?",
        (*values, _MOST_LOOKED_AT),
    )
    for row in rows:
        query.looked_at += 1
        try:
            ending = unpack_ending(*row)
        except DamageError:
            query.damaged.append(row[0])
            continue
        if query.takes(ending):
            query.endings.append(ending)
        is_full = len(query.endings) == query.most
        if is_full or query.looked_at == _MOST_LOOKED_AT:
            query.following = ending.serial if ending.serial > 1 else 0
            return


def _condition(query: ListEndings) -> tuple[str, list[Value]]:
    """Return what finds the fewest rows that may be wanted."""
    where, values = "serial < ?", list[Value]([query.before])
    for column, name in (
        ("handle", query.handle),
        ("unique_", query.unique),
        ("function", query.function),
    ):
        if name:
            return f"{column} = ? AND {where}", [digest(name), *values]
    return where, values


def unpack_ending(
    serial: object, expires: object, checksum: object, record: object
) -> Ending:
    """Return the ending in a row.

    Raises:
        DamageError: it is not as it was written.
    """
    if (
        isinstance(serial, int)
        and isinstance(expires, float)
        and isinstance(record, bytes)
        and _sum(serial, expires, record) == checksum
    ):
        ending = Ending(b"", b"", b"", 0.0)
        ending.serial = serial
        try:
            _PACKING.unpack(ending, record)
        except ValueError as error:
            raise DamageError(f"what became of job {serial} is damaged") from error
        return ending
    raise DamageError(f"what is kept of the end of a job, {serial!r}, is damaged")


def _sum(serial: int, expires: float, record: bytes) -> int:
    return crc32(record, crc32(b"%d %r" % (serial, expires)))
