"""Arrays as PostgreSQL takes them in binary, made of whole columns at once.

A batch is few statements with an array for each column. psycopg would make such an
array of its elements one by one, which takes a microsecond each: more than everything
else that is done for a job here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from struct import Struct, pack
from typing import Any, Final

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

__all__ = ["Array", "bigints", "byteas", "doubles", "register", "smallints", "uuids"]

# Types of elements, and of arrays of these, by PostgreSQL's catalogue.
_BYTEA, _BIGINT, _SMALLINT, _DOUBLE, _UUID = 17, 20, 21, 701, 2950
_ARRAYS: Final = {_BYTEA: 1001, _BIGINT: 1016, _SMALLINT: 1005, _DOUBLE: 1022}

# Dimensions, whether there are NULLs, type; elements, index of the first.
_HEAD: Final = Struct(">iiIii")
_LENGTH: Final = Struct(">i")
_NULL: Final = b"\xff\xff\xff\xff"


class Array:
    """One column of a statement's rows; of the subclasses each is of one type."""

    def __init__(self, data: bytes) -> None:
        self.data = data


class _Bigints(Array):
    pass


class _Smallints(Array):
    pass


class _Doubles(Array):
    pass


class _Byteas(Array):
    pass


class _Uuids(Array):
    pass


def bigints(values: Sequence[int]) -> Array:
    """Return an array of integers of 8 bytes."""
    return _Bigints(_numbers(_BIGINT, "q", 8, values))


def smallints(values: Sequence[int]) -> Array:
    """Return an array of integers of 2 bytes."""
    return _Smallints(_numbers(_SMALLINT, "h", 2, values))


def doubles(values: Sequence[float]) -> Array:
    """Return an array of floating-point numbers."""
    return _Doubles(_numbers(_DOUBLE, "d", 8, values))


def byteas(values: Sequence[bytes | None]) -> Array:
    """Return an array of bytes; None is NULL."""
    return _Byteas(_blobs(_BYTEA, values))


def uuids(values: Sequence[bytes | None]) -> Array:
    """Return an array of 16 bytes each; None is NULL."""
    return _Uuids(_blobs(_UUID, values))


def _numbers(kind: int, code: str, size: int, values: Sequence[float]) -> bytes:
    count = len(values)
    if not count:
        return pack(">iiI", 0, 0, kind)
    each = chain.from_iterable(zip(repeat(size), values, strict=False))
    return _HEAD.pack(1, 0, kind, count, 1) + pack(f">{f'i{code}' * count}", *each)


def _blobs(kind: int, values: Sequence[bytes | None]) -> bytes:
    if not values:
        return pack(">iiI", 0, 0, kind)
    length = _LENGTH.pack
    parts: list[bytes] = [_HEAD.pack(1, 1, kind, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (length(len(value)), value)
    return b"".join(parts)


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> bytes:
        return obj.data


def _dumper(array: int) -> type[Dumper]:
    return type(f"Dumper{array}", (_ArrayDumper,), {"oid": array})


_DUMPERS: Final[Iterable[tuple[type[Array], type[Dumper]]]] = (
    (_Bigints, _dumper(_ARRAYS[_BIGINT])),
    (_Smallints, _dumper(_ARRAYS[_SMALLINT])),
    (_Doubles, _dumper(_ARRAYS[_DOUBLE])),
    (_Byteas, _dumper(_ARRAYS[_BYTEA])),
    (_Uuids, _dumper(2951)),
)


def register(context: AdaptContext) -> None:
    """Have a connection take arrays."""
    adapters: Any = context.adapters
    for kind, dumper in _DUMPERS:
        adapters.register_dumper(kind, dumper)
