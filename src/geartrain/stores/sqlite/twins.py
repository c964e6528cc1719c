"""Which jobs are twins of others, and which job has a key."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

from geartrain.engine.records import Batch, JobRecord
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.reading import Reader, read_numbered
from geartrain.stores.sqlite.rows import digest
from geartrain.stores.sqlite.schema import DamageError

__all__ = ["admit", "find_number"]

_Name = tuple[bytes, bytes]


def admit(
    connection: sqlite3.Connection,
    reader: Reader,
    keys: Keys,
    batch: Batch,
) -> list[JobRecord]:
    """Return the jobs to add; the others are tentative, and get their twins."""
    wanted = {record.key for record in batch.added if record.is_tentative}
    if not wanted:
        return batch.added
    buried = {burial.number for burial in batch.buried}
    kept = _kept(connection, reader, keys, wanted, buried)
    admitted: list[JobRecord] = []
    for record in batch.added:
        name = (record.function, record.key)
        record.twin = 0
        if record.is_tentative and record.key:
            record.twin = kept.get(name, 0)
        if not record.twin:
            admitted.append(record)
            if record.number not in buried:
                kept.setdefault(name, record.number)
    return admitted


def find_number(
    connection: sqlite3.Connection,
    reader: Reader,
    keys: Keys,
    key: bytes,
    function: bytes | None,
) -> int:
    """Return the number of a job with this key; 0 for none."""
    for name, number in _kept(connection, reader, keys, {key}, set()).items():
        if function in (None, name[0]):
            return number
    return 0


def _kept(
    connection: sqlite3.Connection,
    reader: Reader,
    keys: Keys,
    wanted: set[bytes],
    buried: set[int],
) -> dict[_Name, int]:
    """Return the numbers of kept jobs with these keys, by function and key.

    Those about to be ``buried`` are left out.
    """
    wanted.discard(b"")
    keys.digests = {key: digest(key) for key in wanted}
    found = keys.find(connection, keys.digests.values())
    numbers = [number for number in found if number not in buried]
    kept: dict[_Name, int] = {}
    for row in read_numbered(connection, numbers):
        # A job that is damaged is nobody's twin.
        with suppress(DamageError):
            record = reader.head(row)
            if row.queue > 0 and record.key in wanted:
                kept.setdefault((record.function, record.key), record.number)
    return kept
