"""A job in two values: its state, written again with each change, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from struct import error as struct_error
from typing import Final

from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import (
    fill_failures,
    pack_failures,
    pack_head,
    size_of,
    unpack_head,
)
from geartrain.stores.redis.layout import CALENDAR, DEAD, READY, STEADY, digest, place

__all__ = [
    "MOST_INLINE",
    "RowState",
    "pack_row",
    "queue_name",
    "split_queue",
    "state_of",
    "unpack_row",
]

MOST_INLINE: Final = 4096
"""A larger workload lies in a list: whoever reads the job alone does not get it."""

# Due time, size of the workload, flags, and the length of the queue's name.
_STATE: Final = Struct("<dQBI")
_IS_STEADY, _IS_DEAD, _IS_LARGE, _HAS_KEY = 1, 2, 4, 8
_DIGEST: Final = 16
_LENGTH: Final = Struct("<I")
_NAME: Final = Struct(">I")


@dataclass(slots=True)
class RowState:
    """What may change of a job, and what is needed to take it away.

    Attributes:
        queue: the name of its queue, as ``queue_name`` returns it.
        due: when it is due; 0 for at once, and for a dead letter.
        is_steady: that is a server time.
        is_dead: it is a dead letter.
        is_large: its workload lies in a list.
        size: the bytes of its workload.
        key: the digest of its key; empty for none.
        failures: how it failed, packed; empty for not at all.
    """

    queue: bytes
    due: float
    is_steady: bool
    is_dead: bool
    is_large: bool
    size: int
    key: bytes
    failures: bytes

    @property
    def kind(self) -> bytes:
        """Return in which of its queue's sorted sets it is."""
        if self.is_dead:
            return DEAD
        if self.due <= 0:
            return READY
        return STEADY if self.is_steady else CALENDAR

    def place(self, number: int) -> bytes:
        """Return its member there."""
        return place(max(self.due, 0.0), number)

    def pack(self) -> bytes:
        """Return the state as bytes."""
        flags = (
            self.is_steady * _IS_STEADY
            | self.is_dead * _IS_DEAD
            | self.is_large * _IS_LARGE
            | bool(self.key) * _HAS_KEY
        )
        head = _STATE.pack(self.due, self.size, flags, len(self.queue))
        return head + self.queue + self.key + self.failures

    @classmethod
    def unpack(cls, data: bytes) -> RowState:
        """Return the state that was packed.

        Raises:
            ValueError: no state is packed like that.
        """
        try:
            due, size, flags, length = _STATE.unpack_from(data)
        except struct_error as error:
            raise ValueError(str(error)) from error
        key_at = _STATE.size + length
        end = key_at + (_DIGEST if flags & _HAS_KEY else 0)
        if len(data) < end:
            raise ValueError("the state of a job ends too early")
        return cls(
            queue=data[_STATE.size : key_at],
            due=due,
            is_steady=bool(flags & _IS_STEADY),
            is_dead=bool(flags & _IS_DEAD),
            is_large=bool(flags & _IS_LARGE),
            size=size,
            key=data[key_at:end],
            failures=data[end:],
        )


def queue_name(function: bytes, priority: int, queue_key: bytes = b"") -> bytes:
    """Return the name of a queue: those of a function have one beginning."""
    return _NAME.pack(len(function)) + function + bytes([priority]) + queue_key


def split_queue(name: bytes) -> tuple[bytes, int, bytes]:
    """Return function, priority and flow key of a queue's name.

    Raises:
        ValueError: no queue has such a name.
    """
    if len(name) <= _NAME.size:
        raise ValueError("the name of a queue ends too early")
    end = _NAME.size + _NAME.unpack_from(name)[0]
    if len(name) <= end:
        raise ValueError("the name of a queue ends too early")
    return name[_NAME.size : end], name[end], name[end + 1 :]


def state_of(record: JobRecord) -> RowState:
    """Return the state of a job that is to be kept."""
    size = size_of(record)
    return RowState(
        queue=queue_name(record.function, record.priority, record.queue_key),
        due=record.due,
        is_steady=record.is_steady and record.due > 0,
        is_dead=False,
        is_large=size > MOST_INLINE,
        size=size,
        key=digest(record.key) if record.key else b"",
        failures=pack_failures(record.failures, 0.0) or b"",
    )


def pack_row(record: JobRecord) -> bytes:
    """Return what never changes of a job, and its workload if that is small."""
    workload = b""
    if size_of(record) <= MOST_INLINE:
        workload = b"".join((record.workload, *record.more))
    head = pack_head(record, b"")
    return _LENGTH.pack(len(head)) + head + workload


def unpack_row(number: int, state: RowState, row: bytes) -> JobRecord:
    """Return a job, with its workload if that is small.

    Raises:
        ValueError: no job is packed like that.
    """
    function, priority, queue_key = split_queue(state.queue)
    try:
        (length,) = _LENGTH.unpack_from(row)
        end = _LENGTH.size + length
        record = unpack_head(number, row[_LENGTH.size : end], function)[0]
    except (struct_error, IndexError) as error:
        raise ValueError(str(error)) from error
    record.priority, record.queue_key = priority, queue_key
    record.due, record.is_steady = state.due, state.is_steady
    record.size = state.size
    record.workload = row[end:]
    if state.failures:
        fill_failures(record, state.failures)
    return record
