"""Results in Redis: found by number, and by function and key; dropped when they expire.

A value has whether the result is large, the length of what ``RESULT_FIELDS`` say, this,
and a result that is not large.
"""

from __future__ import annotations

from struct import Struct
from struct import error as struct_error
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.results import (
    RESULT_FIELDS,
    FindResult,
    ResultRecord,
    result_cost,
)
from geartrain.stores.packing import Packing
from geartrain.stores.redis.commands import Commands
from geartrain.stores.redis.connection import RedisConnection
from geartrain.stores.redis.draft import PIECE
from geartrain.stores.redis.expiring import LAST, ExpiringRecords
from geartrain.stores.redis.layout import (
    KeyLayout,
    digest,
    number_of,
    packed_number,
)
from geartrain.stores.redis.rows import MOST_INLINE

__all__ = ["Results"]

_PACKING: Final = Packing(RESULT_FIELDS)
_HEAD: Final = Struct("<?I")
# How many results of one key are looked at, a few at a time.
_MOST_LOOKED_AT: Final = 1000
_AT_ONCE: Final = 50


class Results:
    """The results of jobs that have ended."""

    def __init__(self, connection: RedisConnection, layout: KeyLayout) -> None:
        self._connection = connection
        self._layout = layout
        keys = (layout.results, layout.result_ages)
        self._records = ExpiringRecords(connection, *keys, _unpack)

    def tell(self, batch: Batch, commands: Commands) -> None:
        """Add what keeps the results of a batch, and drops those that have expired.

        Raises:
            StoreError: Redis does not answer.
        """
        layout = self._layout
        leaving = self._records.expired(batch.expired_until)
        numbers = [*batch.results, *(number for _, number in leaving)]
        for old in self._records.read(dict.fromkeys(numbers)):
            leaving.append((old.expires, old.number))
            batch.dropped += self._drop(old, commands)
        self._records.drop(commands, dict.fromkeys(leaving))
        for number, record in batch.results.items():
            if record.expires <= batch.expired_until:
                continue
            data = b"".join(record.pieces)
            is_large = len(data) > MOST_INLINE
            head = _PACKING.pack(record)
            value = _HEAD.pack(is_large, len(head)) + head
            if is_large:
                pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
                commands.write(layout.result(number), pieces)
            else:
                value += data
            self._records.put(commands, number, record.expires, value)
            if record.key:
                commands.insert(layout.result_keys, _member(record))

    def _drop(self, record: ResultRecord, commands: Commands) -> int:
        """Drop what is kept of a record elsewhere; return what it costs."""
        commands.add(b"UNLINK", self._layout.result(record.number))
        if record.key:
            commands.add(b"ZREM", self._layout.result_keys, _member(record))
        return result_cost(record) + (0 if record.pieces else record.size)

    def find(self, query: FindResult) -> None:
        """Answer a query.

        Raises:
            StoreError: Redis does not answer.
        """
        if query.number:
            self._take_first(query, [query.number])
        elif query.key:
            name = digest(query.function, query.key)
            words = ("ZREVRANGEBYLEX", self._layout.result_keys)
            bounds = (b"(" + name + LAST, b"[" + name)
            limit = ("LIMIT", 0, _MOST_LOOKED_AT)
            (found,) = self._connection.ask((*words, *bounds, *limit))
            numbers = [number_of(member[len(name) :]) for member in found]
            for at in range(0, len(numbers), _AT_ONCE):
                if self._take_first(query, numbers[at : at + _AT_ONCE]):
                    return

    def _take_first(self, query: FindResult, numbers: list[int]) -> bool:
        """Answer a query with the first that it takes; return whether there is one."""
        for record in self._records.read(numbers, query.damaged):
            if query.takes(record):
                if not record.pieces and record.size:
                    words = ("LRANGE", self._layout.result(record.number), 0, -1)
                    (record.pieces,) = self._connection.ask(words)
                query.record = record
                return True
        return False


def _member(record: ResultRecord) -> bytes:
    return digest(record.function, record.key) + packed_number(record.number)


def _unpack(number: int, value: bytes) -> ResultRecord:
    record = ResultRecord(number, b"", b"")
    try:
        is_large, length = _HEAD.unpack_from(value)
    except struct_error as error:
        raise ValueError(str(error)) from error
    end = _HEAD.size + length
    _PACKING.unpack(record, value[_HEAD.size : end])
    record.pieces = [] if is_large or not value[end:] else [value[end:]]
    return record
