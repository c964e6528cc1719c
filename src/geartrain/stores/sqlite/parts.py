"""Batches cut into parts that can be committed where there is hardly any room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from geartrain.engine.batches import Batch
from geartrain.engine.records import Burial

__all__ = ["ending", "parts"]

_Item = TypeVar("_Item")

# Each job may lie on a page of its own, and so may its entry in an index: 1 MB.
_MOST: Final = 128
# A dead letter keeps so many bytes of what its worker said.
_MOST_ERROR: Final = 200


def parts(batch: Batch) -> Iterator[Batch]:
    """Return batches that together do what one with nothing new in it does.

    What workers said of jobs that become dead letters is cut: it would need room.
    """
    first = Batch(batch.serial)
    first.reserved = batch.reserved
    first.unscheduled = batch.unscheduled
    if not first.changes_nothing():
        yield first
    for entries in _chunks([*batch.entries.items()]):
        part = Batch(batch.serial)
        part.entries = dict(entries)
        yield part
    for numbers in _chunks([*batch.ended]):
        yield ending(numbers)
    for revived in _chunks(batch.revived):
        part = Batch(batch.serial)
        part.revived = revived
        yield part
    for changed in _chunks(batch.changed):
        part = Batch(batch.serial)
        part.changed = changed
        yield part
    for moved in _chunks([*batch.moved.items()]):
        part = Batch(batch.serial)
        part.moved = dict(moved)
        yield part
    for buried in _chunks(batch.buried):
        part = Batch(batch.serial)
        part.buried = [_shortened(burial) for burial in buried]
        yield part


def ending(numbers: Iterable[int]) -> Batch:
    """Return a batch that ends jobs and does nothing else."""
    batch = Batch(0)
    batch.ended = dict.fromkeys(numbers)
    return batch


def _shortened(burial: Burial) -> Burial:
    failures = burial.failures.copy()
    failures.error = failures.error[:_MOST_ERROR]
    return Burial(burial.number, burial.died, failures)


def _chunks(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), _MOST):
        yield list(items[start : start + _MOST])
