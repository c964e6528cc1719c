"""Recurring jobs as bytes: packed for the rows of a store, and unpacked again."""

from __future__ import annotations

from struct import Struct
from typing import Final

from geartrain.engine.records import SCHEDULE_FIELDS, ScheduleRecord

__all__ = ["pack_schedule", "unpack_schedule"]

_LENGTH: Final = Struct("<I")
# Each has one part in the blob, but for the fields of its times, which have one each.
# Rows of earlier versions end before the headers, or before the owner.
*_FIRST, _TIMES, _HEADERS, _OWNER = (field.name for field in SCHEDULE_FIELDS)
_TIME_FIELDS: Final = 5


def pack_schedule(schedule: ScheduleRecord) -> bytes:
    """Return all of a recurring job but its number."""
    parts = [getattr(schedule, name) for name in _FIRST]
    parts += [*getattr(schedule, _TIMES)]
    parts += [getattr(schedule, _HEADERS), getattr(schedule, _OWNER)]
    packed: list[bytes] = []
    for part in parts:
        packed += (_LENGTH.pack(len(part)), part)
    return b"".join(packed)


def unpack_schedule(number: int, packed: bytes) -> ScheduleRecord:
    """Return the recurring job with a number that was packed."""
    parts: list[bytes] = []
    end = 0
    while end < len(packed):
        (length,) = _LENGTH.unpack_from(packed, end)
        start = end + _LENGTH.size
        end = start + length
        parts.append(packed[start:end])
    schedule = ScheduleRecord(number, b"", b"")
    for name, part in zip(_FIRST, parts, strict=False):
        setattr(schedule, name, part)
    rest = parts[len(_FIRST) :]
    setattr(schedule, _TIMES, rest[:_TIME_FIELDS])
    for name, part in zip((_HEADERS, _OWNER), rest[_TIME_FIELDS:], strict=False):
        setattr(schedule, name, part)
    return schedule
