"""A job as bytes: packed for the rows of a store, and unpacked again.

``head`` has all fields of ``JOB_FIELDS`` that never change, so that a row is written as
a few numbers and two blobs; ``failures`` is written again with each attempt. The head
has the checksum of the workload that lies beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from operator import attrgetter
from struct import Struct
from sys import intern
from typing import Final
from zlib import crc32

from geartrain.engine.records import (
    FAILURE_FIELDS,
    JOB_FIELDS,
    Failures,
    Field,
    FieldKind,
    JobRecord,
    Part,
)

__all__ = [
    "HEAD_SIZE",
    "STEADY",
    "bits_of",
    "cut",
    "digest",
    "due_of",
    "fill_failures",
    "pack_failures",
    "pack_head",
    "size_of",
    "unpack_head",
]


def _names(fields: Iterable[Field], kind: FieldKind) -> list[str]:
    # Texts of compiled modules are not interned, and Python looks up attributes by such
    # names three times as slowly.
    return [intern(field.name) for field in fields if field.kind is kind]


_CONSTANT: Final = [each for each in JOB_FIELDS if each.part is Part.CONSTANT]
_TIMES: Final = _names(_CONSTANT, FieldKind.TIME)
_TEXTS: Final = _names(_CONSTANT, FieldKind.NAME)
_RARE: Final = _names(_CONSTANT, FieldKind.HEADERS) + _names(_CONSTANT, FieldKind.RARE)
_constants_of: Final = attrgetter(*_TIMES, *_TEXTS)
_rare_of: Final = attrgetter(*_RARE)
# The head: times; the checksum of a workload in the row; the lengths of texts, which
# follow; and which key it has, with a bit for each rare field.
_HEAD: Final = Struct(f"<{len(_TIMES)}dI{len(_TEXTS)}IB")
HEAD_SIZE: Final = _HEAD.size
"""The bytes that every head has."""

_unpack_fixed: Final = _HEAD.unpack_from
_FIRST_TEXT: Final = len(_TIMES)

# The failures: counts, times, when the job died, and the lengths of all blobs but the
# last; these follow.
_FIXED: Final = _names(FAILURE_FIELDS, FieldKind.COUNT) + _names(
    FAILURE_FIELDS, FieldKind.TIME
)
_BLOBS: Final = _names(FAILURE_FIELDS, FieldKind.BYTES)
_FAILURES: Final = Struct(
    f"<{len(_names(FAILURE_FIELDS, FieldKind.COUNT))}q"
    f"{len(_names(FAILURE_FIELDS, FieldKind.TIME)) + 1}d{len(_BLOBS) - 1}I"
)
# The first of these lengths has this bit where a story comes before the last blob,
# with its own length before it: blobs of before have none.
_HAS_STORY: Final = 1 << 31
_LENGTH: Final = Struct("<I")
_DOUBLE: Final = Struct("<d")
_BITS: Final = Struct("<q")

# The integers of all times since 1970 are smaller than this.
STEADY: Final = 0x5000_0000_0000_0000
"""From here on integers of due times are those of server times."""
# Added to the bits of a double it raises the exponent by 512.
_RAISED: Final = 1 << 61
_LAST: Final = 2**63 - 1

# Which key a job has: none, its unique, or one of its own behind the texts.
_NO_KEY, _UNIQUE, _OWN_KEY = 0, 1, 2
# From this bit on, one for each rare field that the job has. These come behind the
# texts, each with its length before it.
_FIRST_RARE: Final = 4


def digest(key: bytes) -> int:
    """Return the 64 bits by which a key is indexed."""
    hashed = blake2b(key, digest_size=8).digest()
    return int.from_bytes(hashed, "little", signed=True)


def bits_of(due: float, is_steady: bool = False) -> int:
    """Return a due time as an integer that sorts as the time does; 0 for none.

    All server times sort behind all times of the calendar.
    """
    if due <= 0:
        return 0
    bits: int = _BITS.unpack(_DOUBLE.pack(due))[0]
    if is_steady:
        return min(max(bits + _RAISED, STEADY), _LAST)
    return min(bits, STEADY - 1)


def due_of(bits: int) -> tuple[float, bool]:
    """Turn an integer back into a due time; tell whether it is a server time."""
    is_steady = bits >= STEADY
    due: float = _DOUBLE.unpack(_BITS.pack(bits - _RAISED if is_steady else bits))[0]
    return due, is_steady


def pack_head(record: JobRecord, workload: bytes) -> bytes:
    """Pack what never changes of a job, with the checksum of the row's workload."""
    constants = _constants_of(record)
    times, texts = constants[:_FIRST_TEXT], constants[_FIRST_TEXT:]
    key = record.key
    if not key:
        kind = _NO_KEY
    elif key == record.unique:
        kind, key = _UNIQUE, b""
    else:
        kind = _OWN_KEY
    rare = b""
    bit = _FIRST_RARE
    for value in _rare_of(record):
        if value:
            kind |= bit
            rare += _LENGTH.pack(len(value)) + value
        bit <<= 1
    fixed: bytes = _HEAD.pack(*times, crc32(workload), *map(len, texts), kind)
    return fixed + b"".join(texts) + rare + key


def unpack_head(number: int, head: bytes, function: bytes) -> tuple[JobRecord, int]:
    """Return the job that a head describes, and the checksum of its workload."""
    # Loops without ``zip``: this runs for each job that is paged in, and with it takes
    # twice as long.
    fixed = _unpack_fixed(head)
    record = JobRecord(number, b"", function)
    place = 0
    for name in _TIMES:
        setattr(record, name, fixed[place])
        place += 1
    end = HEAD_SIZE
    for name in _TEXTS:
        place += 1
        if length := fixed[place]:
            setattr(record, name, head[end : (end := end + length)])
    kind = fixed[-1]
    if kind >= _FIRST_RARE:
        end = _fill_rare(record, head, end, kind)
        kind &= _FIRST_RARE - 1
    if kind == _UNIQUE:
        record.key = record.unique
    elif kind == _OWN_KEY:
        record.key = head[end:]
    return record, fixed[_FIRST_TEXT]


def _fill_rare(record: JobRecord, head: bytes, start: int, bits: int) -> int:
    """Set the rare fields at a place in a head; return the place behind them."""
    end = start
    bit = _FIRST_RARE
    for name in _RARE:
        if bits & bit:
            begin = end + _LENGTH.size
            end = begin + _LENGTH.unpack(head[end:begin])[0]
            setattr(record, name, head[begin:end])
        bit <<= 1
    return end


def pack_failures(failures: Failures | None, died: float) -> bytes | None:
    """Pack how a job failed and when it died; None if it has not failed."""
    if failures is None:
        return None
    blobs = [getattr(failures, name) for name in _BLOBS]
    fixed = [getattr(failures, name) for name in _FIXED]
    lengths = [len(blob) for blob in blobs[:-1]]
    if failures.story:
        lengths[0] |= _HAS_STORY
        blobs.insert(-1, _LENGTH.pack(len(failures.story)) + failures.story)
    return b"".join((_FAILURES.pack(*fixed, died, *lengths), *blobs))


def fill_failures(record: JobRecord, blob: bytes) -> None:
    """Set how a job failed and when it died.

    Raises:
        ValueError: ``pack_failures`` cannot have packed this.
    """
    if len(blob) < _FAILURES.size:
        raise ValueError(f"the failures of job {record.number} are damaged")
    failures = record.failures = Failures()
    fixed = _FAILURES.unpack_from(blob)
    for name, value in zip(_FIXED, fixed, strict=False):
        setattr(failures, name, value)
    record.died = fixed[len(_FIXED)]
    end = _FAILURES.size
    first, *others = fixed[len(_FIXED) + 1 :]
    lengths = (first & ~_HAS_STORY, *others)
    for name, length in zip(_BLOBS, lengths, strict=False):
        setattr(failures, name, blob[end : (end := end + length)])
    if first & _HAS_STORY:
        end = _fill_story(failures, blob, end)
    setattr(failures, _BLOBS[-1], blob[end:])


def _fill_story(failures: Failures, blob: bytes, start: int) -> int:
    """Read the story at a place in a blob; return the place behind it."""
    end = start + _LENGTH.size
    if end > len(blob):
        raise ValueError("a job's story is damaged")
    length: int = _LENGTH.unpack_from(blob, start)[0]
    failures.story = blob[end : end + length]
    return end + length


def size_of(record: JobRecord) -> int:
    """Return the bytes of a job's workload, whatever ``size`` says."""
    return len(record.workload) + sum(map(len, record.more))


def cut(record: JobRecord, most: int) -> Iterator[bytes]:
    """Cut a workload into pieces of ``most`` bytes, the last one shorter."""
    gathered: list[bytes] = []
    room = most
    for piece in (record.workload, *record.more):
        start = 0
        while len(piece) - start > room:
            gathered.append(piece[start : start + room])
            yield b"".join(gathered)
            start += room
            gathered, room = [], most
        gathered.append(piece[start:] if start else piece)
        room -= len(piece) - start
    yield b"".join(gathered)
