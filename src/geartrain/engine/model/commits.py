"""What a store has committed: how many batches, how large, and how fast.

A batch's duration is counted in the buckets of ``model.counts``. Its size is a number
of records, whose bucket is its bit length: bucket ``n`` has the sizes below ``2 ** n``.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.counts import bucket

__all__ = ["Commits"]

# Batches of more than this many records are counted in the last bucket.
_MOST: Final = (1 << 24) - 1


class Commits:
    """Counts of commits since the start."""

    def __init__(self) -> None:
        self.count = 0
        """How many batches were committed or refused."""
        self.refused = 0
        """How many of them were refused, in whole or in part."""
        self.seconds = 0.0
        """How long they took together."""
        self.records = 0
        """How many records they had together."""
        self.durations: list[int] = []
        """Batches by the bucket of their duration; as long as it has to be."""
        self.sizes: list[int] = []
        """Batches by the bucket of their size; as long as it has to be."""

    def note(self, seconds: float, records: int, *, is_refused: bool) -> None:
        """Count a batch that took so long and had so many records."""
        self.count += 1
        self.refused += is_refused
        self.seconds += seconds
        self.records += records
        _increment(self.durations, bucket(seconds))
        _increment(self.sizes, min(records, _MOST).bit_length())


def _increment(values: list[int], number: int) -> None:
    while len(values) <= number:
        values.append(0)
    values[number] += 1
