"""The results of a store that may be damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.results import ResultRecord
from geartrain.stores.salvage.entries import is_older
from geartrain.stores.salvage.scan import Scan
from geartrain.stores.sqlite.file import ERRORS
from geartrain.stores.sqlite.results import RESULT_COLUMNS, unpack_result

__all__ = ["KeptResults", "result_batches"]

# A batch ends with the result that makes it as large as this.
_MOST_RECORDS: Final = 1000
_MOST_BYTES: Final = 8 * 1024 * 1024


class KeptResults:
    """One reading of all results.

    Attributes:
        losses: a sentence for each that cannot be read, by the number of its job; 0
            stands for all of those whose numbers are unknown.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._scan = Scan(connection, "results", "number", RESULT_COLUMNS)
        self._has_none = is_older(connection, b"results")
        self.losses: dict[int, str] = {}

    def results(self) -> Iterator[ResultRecord]:
        """Return each that can be read."""
        if self._has_none:
            return
        for row in self._scan.rows():
            number = row[0]
            try:
                record = unpack_result(*row)
            except ERRORS:
                self.losses[number] = (
                    f"the result of job {number} is lost: its row is damaged"
                )
                continue
            self._scan.keep(number)
            self.losses.pop(number, None)
            yield record
        if self._scan.reason:
            self.losses[0] = (
                "results are lost, it cannot be told how many: " + self._scan.reason
            )


def result_batches(records: Iterable[ResultRecord]) -> Iterator[Batch]:
    """Return batches that keep these results."""
    batch, size = Batch(1), 0
    for record in records:
        batch.results[record.number] = record
        size += record.size
        if len(batch.results) >= _MOST_RECORDS or size >= _MOST_BYTES:
            yield batch
            batch, size = Batch(1), 0
    if batch.results:
        yield batch
