"""What a store that may be damaged has of the ends of jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import Ending
from geartrain.stores.salvage.entries import is_older
from geartrain.stores.salvage.scan import Scan
from geartrain.stores.sqlite.endings import ENDING_COLUMNS, unpack_ending
from geartrain.stores.sqlite.file import ERRORS

__all__ = ["KeptEndings", "ending_batches"]

_MOST_RECORDS: Final = 1000


class KeptEndings:
    """One reading of all endings.

    Attributes:
        losses: a sentence for each that cannot be read, by its serial; 0 stands for all
            of those whose serials are unknown.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._scan = Scan(connection, "endings", "serial", ENDING_COLUMNS)
        self._has_none = is_older(connection, b"endings")
        self.losses: dict[int, str] = {}

    def endings(self) -> Iterator[Ending]:
        """Return each that can be read."""
        if self._has_none:
            return
        for row in self._scan.rows():
            serial = row[0]
            try:
                ending = unpack_ending(*row)
            except ERRORS:
                self.losses[serial] = f"ending {serial} is lost: its row is damaged"
                continue
            self._scan.keep(serial)
            self.losses.pop(serial, None)
            yield ending
        if self._scan.reason:
            self.losses[0] = (
                "history is lost, it cannot be told of how many jobs: "
                + self._scan.reason
            )


def ending_batches(endings: Iterable[Ending]) -> Iterator[Batch]:
    """Return batches that keep these endings."""
    batch = Batch(1)
    for ending in endings:
        batch.endings.append(ending)
        if len(batch.endings) >= _MOST_RECORDS:
            yield batch
            batch = Batch(1)
    if batch.endings:
        yield batch
