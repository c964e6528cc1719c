"""Endings in Redis: in the order of their serials, and of when they expire."""

from __future__ import annotations

from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ENDING_FIELDS, Ending, ListEndings
from geartrain.stores.packing import Packing
from geartrain.stores.redis.commands import Commands
from geartrain.stores.redis.connection import RedisConnection
from geartrain.stores.redis.expiring import ExpiringRecords
from geartrain.stores.redis.layout import KeyLayout, number_of, packed_number

__all__ = ["Endings"]

_PACKING: Final = Packing(ENDING_FIELDS)
# The most that one slice of a list looks at.
_MOST_LOOKED_AT: Final = 2000
# Read at once: few are wanted where nothing is filtered.
_AT_ONCE: Final = 200


class Endings:
    """What became of jobs."""

    def __init__(self, connection: RedisConnection, layout: KeyLayout) -> None:
        self._connection = connection
        self._layout = layout
        keys = (layout.endings, layout.ending_ages)
        self._records = ExpiringRecords(connection, *keys, _unpack)

    def tell(self, batch: Batch, commands: Commands) -> None:
        """Add what keeps the endings of a batch, and drops those that have expired.

        Raises:
            StoreError: Redis does not answer.
        """
        order = self._layout.ending_order
        coming = {ending.serial: ending for ending in batch.endings}
        leaving = self._records.expired(batch.expired_until)
        leaving += [(old.until, old.serial) for old in self._records.read(coming)]
        fields = self._records.drop(commands, leaving)
        if fields:
            commands.add(b"ZREM", order, *fields)
        for serial, ending in coming.items():
            if ending.until > batch.expired_until:
                value = _PACKING.pack(ending)
                self._records.put(commands, serial, ending.until, value)
                commands.insert(order, packed_number(serial))

    def last(self) -> int:
        """Return the highest serial; 0 if there is none."""
        (found,) = self._connection.ask(("ZRANGE", self._layout.ending_order, -1, -1))
        return number_of(found[0]) if found else 0

    def fill(self, query: ListEndings) -> None:
        """Answer a query.

        Raises:
            StoreError: Redis does not answer.
        """
        before = query.before
        while query.looked_at < _MOST_LOOKED_AT:
            words = ("ZREVRANGEBYLEX", self._layout.ending_order)
            bounds = (b"(" + packed_number(before), "-", "LIMIT", 0, _AT_ONCE)
            (found,) = self._connection.ask((*words, *bounds))
            if not found:
                return
            for ending in self._records.read(map(number_of, found), query.damaged):
                query.looked_at += 1
                if query.takes(ending):
                    query.endings.append(ending)
                if len(query.endings) == query.most:
                    query.following = ending.serial
                    return
            before = number_of(found[-1])
        query.following = before


def _unpack(serial: int, value: bytes) -> Ending:
    ending = Ending(b"", b"", b"", 0.0)
    ending.serial = serial
    _PACKING.unpack(ending, value)
    return ending
