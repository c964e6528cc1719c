"""Records as bytes: fields of fixed sizes, and then the others, each after its length.

What a record consists of is told by a table of fields, such as ``RESULT_FIELDS``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from operator import attrgetter
from struct import Struct
from typing import Any, Final

from geartrain.engine.records import FAILURE_FIELDS, Failures, Field, FieldKind

__all__ = ["Packing"]

_FORMATS: Final = {
    FieldKind.TIME: "d",
    FieldKind.COUNT: "Q",
    FieldKind.FLAG: "?",
    FieldKind.PRIORITY: "B",
    FieldKind.DUE: "d",
    FieldKind.CLOCK: "?",
}
_LENGTH: Final = Struct("<I")


class Packing:
    """Packs and unpacks the records of a table of fields."""

    def __init__(self, fields: Iterable[Field]) -> None:
        given = list(fields)
        self._fixed = [each.name for each in given if each.kind in _FORMATS]
        formats = [_FORMATS[each.kind] for each in given if each.kind in _FORMATS]
        self._head = Struct("<" + "".join(formats))
        # Of fewer than two names an attrgetter makes no tuple.
        self._fixed_of = attrgetter(*self._fixed) if formats[1:] else self._few
        self._parts = [each for each in given if each.kind not in _FORMATS]

    def pack(self, record: object) -> bytes:
        """Return the fields of a record as bytes."""
        packed = [self._head.pack(*self._fixed_of(record))]
        for field in self._parts:
            part = getattr(record, field.name)
            if field.kind is FieldKind.FAILURES:
                part = b"" if part is None else _FAILURES.pack(part)
            elif field.kind is FieldKind.NAMES:
                part = b"".join(_LENGTH.pack(len(name)) + name for name in part)
            packed += (_LENGTH.pack(len(part)), part)
        return b"".join(packed)

    def unpack(self, record: object, data: bytes) -> None:
        """Set the fields of a record to what was packed.

        Raises:
            ValueError: the bytes end too early.
        """
        try:
            values = self._head.unpack_from(data)
            for name, value in zip(self._fixed, values, strict=True):
                setattr(record, name, value)
            end = self._head.size
            for field in self._parts:
                (length,) = _LENGTH.unpack_from(data, end)
                start = end + _LENGTH.size
                end = start + length
                part = data[start:end]
                setattr(record, field.name, _UNPACKED.get(field.kind, bytes)(part))
        except struct.error as error:
            raise ValueError("the record ends too early") from error

    def _few(self, record: object) -> tuple[Any, ...]:
        return tuple(getattr(record, name) for name in self._fixed)


_FAILURES: Final = Packing(FAILURE_FIELDS)


def _failures(part: bytes) -> Failures | None:
    if not part:
        return None
    failures = Failures()
    _FAILURES.unpack(failures, part)
    return failures


def _names(part: bytes) -> list[bytes]:
    names: list[bytes] = []
    end = 0
    while end < len(part):
        start = end + _LENGTH.size
        end = start + _LENGTH.unpack_from(part, end)[0]
        names.append(part[start:end])
    return names


_UNPACKED: Final = {FieldKind.FAILURES: _failures, FieldKind.NAMES: _names}
