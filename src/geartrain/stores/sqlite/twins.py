"""Twins: which of the jobs to add coalesce with a kept one, and find a job by key."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import suppress

from geartrain.engine.batches import Batch
from geartrain.engine.queries import FindKey
from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import digest
from geartrain.stores.sqlite.damage import DamageError
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.reading import Reader, read_numbered

__all__ = ["Twins"]

_Name = tuple[bytes, bytes]


class Twins:
    """The jobs of an open store by function and key."""

    def __init__(
        self, connection: sqlite3.Connection, reader: Reader, keys: Keys
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._keys = keys

    def admit(self, batch: Batch, unreadable: Collection[int]) -> list[JobRecord]:
        """Return the jobs to add; the others are tentative, and get their twins."""
        wanted = _tentative_keys(batch)
        if not wanted:
            return batch.added
        buried = {burial.number for burial in batch.buried}
        kept = self._kept(wanted, buried.union(unreadable))
        admitted: list[JobRecord] = []
        for record in batch.added:
            name = (record.function, record.key)
            record.twin = 0
            if record.is_tentative and record.key:
                twin = kept.get(name)
                record.twin = 0 if twin is None else twin.number
            if not record.twin:
                admitted.append(record)
                if record.number not in buried:
                    kept.setdefault(name, record)
        return admitted

    def candidates(self, batch: Batch) -> list[int]:
        """Return the numbers of kept jobs that may be twins of a batch's jobs."""
        return self._keys.find(self._connection, map(digest, _tentative_keys(batch)))

    def find(self, query: FindKey) -> JobRecord | None:
        """Return a job with a key, without its workload; None if there is none."""
        for name, record in self._kept({query.key}, (query.other,)).items():
            if query.function in (None, name[0]):
                return record
        return None

    def _kept(
        self, wanted: set[bytes], left_out: Collection[int]
    ) -> dict[_Name, JobRecord]:
        """Return the numbers of kept jobs with these keys, by function and key."""
        digests = self._keys.digests = {key: digest(key) for key in wanted}
        found = self._keys.find(self._connection, digests.values())
        numbers = [number for number in found if number not in left_out]
        kept: dict[_Name, JobRecord] = {}
        for row in read_numbered(self._connection, numbers):
            # A job that is damaged is nobody's twin.
            with suppress(DamageError):
                record = self._reader.head(row)
                if row.queue > 0 and record.key in wanted:
                    kept.setdefault((record.function, record.key), record)
        return kept


def _tentative_keys(batch: Batch) -> set[bytes]:
    return {each.key for each in batch.added if each.is_tentative and each.key}
