"""What a MySQL store keeps besides jobs and their ends: entries and recurring jobs."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.records import Entry, ScheduleRecord
from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.pieces import SCHEDULE, Pieces, cut_bytes
from geartrain.stores.mysql.statements import literal, row_of, wide
from geartrain.stores.schedule_packing import pack_schedule, unpack_schedule

__all__ = ["Entries", "KeptSchedules"]

_MOST_NAMES: Final = 1000


class Entries:
    """The table of entries."""

    def __init__(self, prefix: str) -> None:
        self._table = f"{prefix}entries"

    def written(self, batch: Batch) -> Iterator[str]:
        """Return the statements that keep the entries of a batch, or forget them."""
        entries = batch.entries_without_twins()
        over = [
            literal(_digest(*name)) for name, value in entries.items() if value is None
        ]
        for start in range(0, len(over), _MOST_NAMES):
            some = ",".join(over[start : start + _MOST_NAMES])
            yield f"DELETE FROM {self._table} WHERE digest IN ({some})"
        yield from wide(
            f"REPLACE INTO {self._table}",
            (
                row_of(_digest(*name), *name, value)
                for name, value in entries.items()
                if value is not None
            ),
        )

    def read(self, connection: MysqlConnection) -> list[Entry]:
        """Return all entries in the order of kinds and keys."""
        rows = connection.rows(f"SELECT kind, name, value FROM {self._table}")
        return [Entry(*row) for row in sorted(rows)]


class KeptSchedules:
    """The recurring jobs: each is in pieces, however small it is."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def written(self, batch: Batch) -> Iterator[str]:
        """Return the statements that keep the recurring jobs of a batch."""
        kept = {each.number: each for each in batch.schedules}
        yield from self._pieces.delete(SCHEDULE, [*kept, *batch.unscheduled])
        for number in batch.unscheduled:
            kept.pop(number, None)
        for number, schedule in kept.items():
            pieces = cut_bytes(pack_schedule(schedule))
            yield from self._pieces.insert(SCHEDULE, number, pieces)

    def read(self, connection: MysqlConnection) -> list[ScheduleRecord]:
        """Return all recurring jobs in the order of their numbers."""
        kept = self._pieces.read_all(connection, SCHEDULE)
        return [unpack_schedule(*each) for each in kept]


def _digest(kind: bytes, key: bytes) -> bytes:
    """Return what an entry is found by: an index takes no bytes of any number."""
    return blake2b(b"%d:%b%b" % (len(kind), kind, key), digest_size=16).digest()
