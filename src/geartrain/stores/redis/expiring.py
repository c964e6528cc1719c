"""Records that expire: by number in a hash, and in the order of when they do so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from geartrain.stores.redis.commands import Commands
from geartrain.stores.redis.connection import RedisConnection
from geartrain.stores.redis.draft import read_fields
from geartrain.stores.redis.layout import (
    packed_number,
    packed_time,
    place,
    split_place,
)

__all__ = ["LAST", "ExpiringRecords", "next_expiry"]

LAST: Final = b"\xff" * 8
"""What sorts behind all numbers."""

# How many records one commit drops at most.
_MOST_DROPPED: Final = 1000

_Record = TypeVar("_Record")


class ExpiringRecords(Generic[_Record]):
    """Records of one kind."""

    def __init__(
        self,
        connection: RedisConnection,
        values: bytes,
        ages: bytes,
        unpack: Callable[[int, bytes], _Record],
    ) -> None:
        """Keep them in the hash ``values``, and when they expire in the set ``ages``.

        ``unpack`` makes a record of a number and a value; it raises ValueError.
        """
        self._connection = connection
        self._values = values
        self._ages = ages
        self._unpack = unpack

    def put(
        self, commands: Commands, number: int, expires: float, value: bytes
    ) -> None:
        """Add what keeps a record."""
        commands.set(self._values, packed_number(number), value)
        commands.insert(self._ages, place(expires, number))

    def drop(
        self, commands: Commands, leaving: Iterable[tuple[float, int]]
    ) -> list[bytes]:
        """Add what drops records, by when they expire and by number; return fields."""
        gone = list(leaving)
        fields = [packed_number(number) for _, number in gone]
        if gone:
            commands.add(b"HDEL", self._values, *fields)
            commands.add(b"ZREM", self._ages, *(place(*each) for each in gone))
        return fields

    def expired(self, until: float) -> list[tuple[float, int]]:
        """Return when records expired and their numbers, a bounded number of them.

        Raises:
            StoreError: Redis does not answer.
        """
        if not until:
            return []
        end = packed_time(until) + LAST
        words = ("ZRANGEBYLEX", self._ages, "-", b"[" + end)
        (found,) = self._connection.ask((*words, "LIMIT", 0, _MOST_DROPPED))
        return [split_place(member) for member in found]

    def read(
        self, numbers: Iterable[int], damaged: list[int] | None = None
    ) -> list[_Record]:
        """Return those that are kept of some; add to ``damaged`` what is unreadable.

        Raises:
            StoreError: Redis does not answer.
        """
        wanted = list(numbers)
        fields = map(packed_number, wanted)
        values = read_fields(self._connection, self._values, fields)
        records: list[_Record] = []
        for number, value in zip(wanted, values, strict=True):
            if value is None:
                continue
            try:
                records.append(self._unpack(number, value))
            except ValueError:
                if damaged is not None:
                    damaged.append(number)
        return records


def next_expiry(connection: RedisConnection, *ages: bytes) -> float:
    """Return when the first record of several kinds expires; 0 if there is none.

    Raises:
        StoreError: Redis does not answer.
    """
    first = connection.ask(*(("ZRANGE", key, 0, 0) for key in ages))
    return min((split_place(found[0])[0] for found in first if found), default=0.0)
