"""The latest changes to the index of keys, in memory until they are merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["BUCKETS", "Tail", "bucket_of"]

_BITS: Final = 12
BUCKETS: Final = 1 << _BITS
"""How many ranges of digests there are, each of which is merged at once."""

_SHIFT: Final = 64 - _BITS


def bucket_of(key: int) -> int:
    """Return the range that a digest is in; they are in the order of the digests."""
    return (key >> _SHIFT) + BUCKETS // 2


class Tail:
    """Digests with the numbers of their jobs, by range.

    An entry is ``added`` if the index is to have it, and ``gone`` if the index has it
    and is not to.
    """

    def __init__(self) -> None:
        self._added: list[dict[int, int]] = [{} for _ in range(BUCKETS)]
        # The second and further jobs of a digest.
        self._more: dict[int, list[int]] = {}
        self._gone: dict[int, list[tuple[int, int]]] = {}

    def add(self, key: int, number: int) -> None:
        """Add an entry."""
        numbers = self._added[(key >> _SHIFT) + BUCKETS // 2]
        if key in numbers:
            self._more.setdefault(key, []).append(number)
        else:
            numbers[key] = number

    def remove(self, key: int, number: int) -> None:
        """Take back an entry that was added; of another one, note that it is gone."""
        bucket = bucket_of(key)
        numbers, more = self._added[bucket], self._more.get(key)
        if more is not None and number in more:
            more.remove(number)
        elif numbers.get(key) != number:
            self._gone.setdefault(bucket, []).append((key, number))
            return
        elif more:
            numbers[key] = more.pop(0)
        else:
            del numbers[key]
        if more is not None and not more:
            del self._more[key]

    def has(self, key: int, number: int) -> bool:
        """Tell whether an entry was added."""
        return number in self.find(key)

    def find(self, key: int) -> tuple[int, ...]:
        """Return the numbers of jobs whose entries were added."""
        number = self._added[bucket_of(key)].get(key)
        if number is None:
            return ()
        return (number, *self._more.get(key, ()))

    def added(self, bucket: int) -> Iterator[tuple[int, int]]:
        """Return the entries of a range that were added, in order."""
        for key, number in sorted(self._added[bucket].items()):
            yield key, number
            for other in self._more.get(key, ()):
                yield key, other

    def gone(self, bucket: int) -> list[tuple[int, int]]:
        """Return the entries of a range that are gone."""
        return self._gone.get(bucket, [])

    def clear(self, bucket: int) -> None:
        """Forget a range."""
        for key in self._added[bucket].keys() & self._more.keys():
            del self._more[key]
        self._added[bucket] = {}
        self._gone.pop(bucket, None)
