"""The latest changes to the index of keys, in memory until they are merged."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

__all__ = ["BUCKETS", "Tail", "bucket_of", "pairs"]

_BITS: Final = 12
BUCKETS: Final = 1 << _BITS
"""How many ranges of digests there are, each of which is merged at once."""

_SHIFT: Final = 64 - _BITS
_HALF: Final = BUCKETS // 2


def bucket_of(key: int) -> int:
    """Return the range that a digest is in; they are in the order of the digests."""
    return (key >> _SHIFT) + _HALF


def pairs(values: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Return what is given as digest, number, digest, number and so on."""
    each = iter(values)
    return zip(each, each, strict=True)


class Tail:
    """Digests with the numbers of their jobs, by range.

    An entry is ``added`` if the index is to have it, and ``gone`` if the index has it
    and is not to.
    """

    def __init__(self) -> None:
        self._added: list[dict[int, int]] = [{} for _ in range(BUCKETS)]
        # The second and further jobs of a digest.
        self._more: dict[int, list[int]] = {}
        self._gone: dict[int, list[int]] = {}

    def add(self, entries: Iterable[int]) -> None:
        """Add entries."""
        added, more = self._added, self._more
        for key, number in pairs(entries):
            numbers = added[(key >> _SHIFT) + _HALF]
            if key in numbers:
                more.setdefault(key, []).append(number)
            else:
                numbers[key] = number

    def remove(self, entries: Iterable[int]) -> None:
        """Take back entries that were added; of others, note that they are gone."""
        added, more, gone = self._added, self._more, self._gone
        for key, number in pairs(entries):
            bucket = (key >> _SHIFT) + _HALF
            numbers = added[bucket]
            if key in more:
                self._remove_one(bucket, key, number)
            elif numbers.get(key) == number:
                del numbers[key]
            else:
                gone.setdefault(bucket, []).extend((key, number))

    def find(self, keys: Iterable[int]) -> set[int]:
        """Return the numbers of jobs whose entries were added."""
        added, more = self._added, self._more
        numbers: set[int] = set()
        for key in keys:
            number = added[(key >> _SHIFT) + _HALF].get(key)
            if number is not None:
                numbers.add(number)
                numbers.update(more.get(key, ()))
        return numbers

    def added(self, bucket: int) -> Iterable[int]:
        """Return the entries of a range that were added, in order."""
        entries = self._added[bucket].items()
        more = self._more.keys() & self._added[bucket].keys()
        others = [(key, number) for key in more for number in self._more[key]]
        return chain.from_iterable(sorted((*entries, *others)))

    def gone(self, bucket: int) -> Iterable[int]:
        """Return the entries of a range that are gone."""
        return self._gone.get(bucket, ())

    def clear(self, bucket: int) -> None:
        """Forget a range."""
        for key in self._more.keys() & self._added[bucket].keys():
            del self._more[key]
        self._added[bucket] = {}
        self._gone.pop(bucket, None)

    def _remove_one(self, bucket: int, key: int, number: int) -> None:
        """Remove an entry of a digest that several jobs have."""
        numbers, others = self._added[bucket], self._more[key]
        if number in others:
            others.remove(number)
        elif numbers[key] == number:
            numbers[key] = others.pop(0)
        else:
            self._gone.setdefault(bucket, []).extend((key, number))
        if not others:
            del self._more[key]
