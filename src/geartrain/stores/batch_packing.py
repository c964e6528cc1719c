"""Batches as bytes, for stores that keep a log of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from struct import error as struct_error
from typing import Any, Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ENDING_FIELDS, Ending
from geartrain.engine.records import (
    FAILURE_FIELDS,
    JOB_FIELDS,
    SCHEDULE_FIELDS,
    Burial,
    Change,
    Failures,
    JobRecord,
    Move,
    ScheduleRecord,
)
from geartrain.engine.results import RESULT_FIELDS, ResultRecord
from geartrain.stores.packing import Packing

__all__ = ["pack_batch", "unpack_batch"]

_JOB: Final = Packing(JOB_FIELDS)
_FAILURES: Final = Packing(FAILURE_FIELDS)
_SCHEDULE: Final = Packing(SCHEDULE_FIELDS)
_RESULT: Final = Packing(RESULT_FIELDS)
_ENDING: Final = Packing(ENDING_FIELDS)

# An item: what it is, and how many parts follow, each behind its length.
_ITEM: Final = Struct("<cI")
_LENGTH: Final = Struct("<I")
_NUMBER: Final = Struct("<q")
_PAIR: Final = Struct("<qd")
_MOVE: Final = Struct("<qBd?")
_HEAD: Final = Struct("<dqdd")

_Parts = tuple[bytes, ...]


def pack_batch(batch: Batch, added: Iterable[JobRecord]) -> bytes:
    """Return all that a commit of a batch keeps.

    Args:
        batch: the batch.
        added: of the jobs that it adds, those that got no twin.
    """
    packed: list[bytes] = []
    for kind, parts in _items(batch, added):
        packed.append(_ITEM.pack(kind, len(parts)))
        for part in parts:
            packed += (_LENGTH.pack(len(part)), part)
    return b"".join(packed)


def _items(batch: Batch, added: Iterable[JobRecord]) -> Iterator[tuple[bytes, _Parts]]:
    head = (batch.expired_until, batch.reserved, batch.steady, batch.calendar)
    if any(head):
        yield b"h", (_HEAD.pack(*head),)
    for number in batch.ended:
        yield b"e", (_NUMBER.pack(number),)
    for record in added:
        yield b"a", _job_parts(record)
    for change in batch.revived:
        yield b"v", _change_parts(change)
    for change in batch.changed:
        yield b"c", _change_parts(change)
    for move in batch.moved.values():
        fixed = (move.number, move.priority, move.due, move.is_steady)
        yield b"m", (_MOVE.pack(*fixed), move.function, move.queue_key)
    for record in batch.replaced.values():
        yield b"p", _job_parts(record)
    for burial in batch.buried:
        failures = _FAILURES.pack(burial.failures)
        yield b"b", (_PAIR.pack(burial.number, burial.died), failures)
    yield from _other_items(batch)


def _other_items(batch: Batch) -> Iterator[tuple[bytes, _Parts]]:
    for schedule in batch.schedules:
        yield b"s", (_NUMBER.pack(schedule.number), _SCHEDULE.pack(schedule))
    for number in batch.unscheduled:
        yield b"u", (_NUMBER.pack(number),)
    for number, result in batch.results.items():
        fields = _RESULT.pack(result)
        yield b"r", (_NUMBER.pack(number), fields, b"".join(result.pieces))
    for ending in batch.endings:
        yield b"n", (_NUMBER.pack(ending.serial), _ENDING.pack(ending))
    for (kind, key), value in batch.entries_without_twins().items():
        yield b"k", (kind, key) if value is None else (kind, key, value)


def _job_parts(record: JobRecord) -> _Parts:
    workload = b"".join((record.workload, *record.more))
    number = _NUMBER.pack(record.number)
    return number, record.queue_key, _JOB.pack(record), workload


def _change_parts(change: Change) -> _Parts:
    pair = _PAIR.pack(change.number, change.due)
    failures = change.failures
    return (pair,) if failures is None else (pair, _FAILURES.pack(failures))


def unpack_batch(serial: int, data: bytes) -> Batch:
    """Return the batch that was packed.

    Raises:
        ValueError: no batch is packed like that.
    """
    batch = Batch(serial)
    try:
        for kind, parts in _read(data):
            _READERS[kind](batch, *parts)
    except (struct_error, KeyError, TypeError) as error:
        raise ValueError(f"a batch is not as it was written: {error}") from error
    return batch


def _read(data: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    at = 0
    while at < len(data):
        kind, count = _ITEM.unpack_from(data, at)
        at += _ITEM.size
        parts: list[bytes] = []
        for _ in range(count):
            start = at + _LENGTH.size
            at = start + _LENGTH.unpack_from(data, at)[0]
            if at > len(data):
                raise ValueError("a batch ends too early")
            parts.append(data[start:at])
        yield kind, parts


def _take_head(batch: Batch, head: bytes) -> None:
    expired_until, batch.reserved, batch.steady, batch.calendar = _HEAD.unpack(head)
    batch.expired_until = expired_until


def _take_ended(batch: Batch, number: bytes) -> None:
    batch.ended[_number(number)] = None


def _job(number: bytes, queue_key: bytes, fields: bytes, workload: bytes) -> JobRecord:
    record = JobRecord(_number(number), b"", b"")
    _JOB.unpack(record, fields)
    record.queue_key, record.workload = queue_key, workload
    return record


def _take_added(batch: Batch, *parts: bytes) -> None:
    batch.added.append(_job(*parts))


def _take_replaced(batch: Batch, *parts: bytes) -> None:
    record = _job(*parts)
    batch.replaced[record.number] = record


def _change(pair: bytes, failures: bytes = b"") -> Change:
    number, due = _PAIR.unpack(pair)
    return Change(number, due, _failures(failures) if failures else None)


def _take_revived(batch: Batch, *parts: bytes) -> None:
    batch.revived.append(_change(*parts))


def _take_changed(batch: Batch, *parts: bytes) -> None:
    batch.changed.append(_change(*parts))


def _take_moved(batch: Batch, fixed: bytes, function: bytes, queue_key: bytes) -> None:
    number, priority, due, is_steady = _MOVE.unpack(fixed)
    move = Move(number, function, priority, due, is_steady, queue_key)
    batch.moved[number] = move


def _take_buried(batch: Batch, pair: bytes, failures: bytes) -> None:
    number, died = _PAIR.unpack(pair)
    batch.buried.append(Burial(number, died, _failures(failures)))


def _take_schedule(batch: Batch, number: bytes, fields: bytes) -> None:
    record = ScheduleRecord(_number(number), b"", b"")
    _SCHEDULE.unpack(record, fields)
    batch.schedules.append(record)


def _take_unscheduled(batch: Batch, number: bytes) -> None:
    batch.unscheduled.append(_number(number))


def _take_result(batch: Batch, number: bytes, fields: bytes, data: bytes) -> None:
    record = ResultRecord(_number(number), b"", b"")
    _RESULT.unpack(record, fields)
    record.pieces = [data] if data else []
    batch.results[record.number] = record


def _take_ending(batch: Batch, serial: bytes, fields: bytes) -> None:
    ending = Ending(b"", b"", b"", 0.0)
    ending.serial = _number(serial)
    _ENDING.unpack(ending, fields)
    batch.endings.append(ending)


def _take_entry(
    batch: Batch, kind: bytes, key: bytes, value: bytes | None = None
) -> None:
    batch.entries[kind, key] = value


def _failures(data: bytes) -> Failures:
    failures = Failures()
    _FAILURES.unpack(failures, data)
    return failures


def _number(packed: bytes) -> int:
    number: int = _NUMBER.unpack(packed)[0]
    return number


_READERS: Final[dict[bytes, Any]] = {
    b"h": _take_head,
    b"e": _take_ended,
    b"a": _take_added,
    b"v": _take_revived,
    b"c": _take_changed,
    b"m": _take_moved,
    b"p": _take_replaced,
    b"b": _take_buried,
    b"s": _take_schedule,
    b"u": _take_unscheduled,
    b"r": _take_result,
    b"n": _take_ending,
    b"k": _take_entry,
}
