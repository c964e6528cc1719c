"""A job as a row of SQLite: packed into blobs with checksums, and unpacked again.

``head`` has all fields of ``JOB_FIELDS`` that never change, so that a row is written as
four numbers and two blobs; ``failures`` is written again with each attempt. The
checksum covers both and the columns beside them, and the head has the workload's:
damage to any byte is noticed. Large workloads lie in ``pieces``, each with its own
checksum.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from operator import attrgetter
from struct import Struct
from sys import intern
from typing import Final, NamedTuple
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
from geartrain.stores.sqlite.damage import DamageError

__all__ = [
    "STEADY",
    "Row",
    "bits_of",
    "digest",
    "due_of",
    "fill_failures",
    "insert_pieces",
    "pack_failures",
    "pack_head",
    "read_pieces",
    "seal",
    "unpack_head",
]


def _names(fields: Iterable[Field], kind: FieldKind) -> list[str]:
    # Texts of compiled modules are not interned, and Python looks up attributes by such
    # names three times as slowly.
    return [intern(field.name) for field in fields if field.kind is kind]


_CONSTANT: Final = [each for each in JOB_FIELDS if each.part is Part.CONSTANT]
_TIMES: Final = _names(_CONSTANT, FieldKind.TIME)
_TEXTS: Final = _names(_CONSTANT, FieldKind.NAME)
_constants_of: Final = attrgetter(*_TIMES, *_TEXTS)
# The head: times; the checksum of a workload in the row; the lengths of texts, which
# follow; and which key it has, with a bit for headers.
_HEAD: Final = Struct(f"<{len(_TIMES)}dI{len(_TEXTS)}IB")
_HEAD_SIZE: Final = _HEAD.size
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
_STATE: Final = Struct("<qqq")

# The integers of all times since 1970 are smaller than this.
STEADY: Final = 0x5000_0000_0000_0000
"""From here on integers of due times are those of server times."""
# Added to the bits of a double it raises the exponent by 512.
_RAISED: Final = 1 << 61
_LAST: Final = 2**63 - 1

# Which key a job has: none, its unique, or one of its own behind the texts.
_NO_KEY, _UNIQUE, _OWN_KEY = 0, 1, 2
# With this bit, headers come behind the texts, with their length before them.
_HAS_HEADERS: Final = 4


class Row(NamedTuple):
    """The columns of a job; None stands for what should be a blob and is none.

    ``length`` is that of the workload, which may not have been read.
    """

    number: int
    queue: int
    due: int
    sum: int
    pieces: int
    length: int
    failures: bytes | None
    head: bytes | None
    workload: bytes | None

    def is_whole(self) -> bool:
        """Tell whether the checksum of everything but the workload is right."""
        if self.head is None or len(self.head) < _HEAD_SIZE:
            return False
        # If the description of the table is damaged, the number may be NULL.
        if type(self.number) is not int:
            return False
        expected = crc32(self.head, self.number) ^ self.seal()
        return self.sum == expected

    def seal(self) -> int:
        """Return the checksum of the columns beside the head."""
        return seal(self.queue, self.due, self.pieces, self.failures)


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


def seal(queue: int, due: int, pieces: int, failures: bytes | None) -> int:
    """Return the checksum of the columns beside the head of a row."""
    return crc32(failures or b"", crc32(_STATE.pack(queue, due, pieces)))


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
    if record.headers:
        kind |= _HAS_HEADERS
        key = _LENGTH.pack(len(record.headers)) + record.headers + key
    fixed: bytes = _HEAD.pack(*times, crc32(workload), *map(len, texts), kind)
    return fixed + b"".join(texts) + key


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
    end = _HEAD_SIZE
    for name in _TEXTS:
        place += 1
        if length := fixed[place]:
            setattr(record, name, head[end : (end := end + length)])
    kind = fixed[-1]
    if kind >= _HAS_HEADERS:
        kind -= _HAS_HEADERS
        end = _fill_headers(record, head, end)
    if kind == _UNIQUE:
        record.key = record.unique
    elif kind == _OWN_KEY:
        record.key = head[end:]
    return record, fixed[_FIRST_TEXT]


def _fill_headers(record: JobRecord, head: bytes, start: int) -> int:
    """Set the headers at a place in a head; return the place behind them."""
    begin = start + _LENGTH.size
    end: int = begin + _LENGTH.unpack(head[start:begin])[0]
    record.headers = head[begin:end]
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
        DamageError: ``pack_failures`` cannot have packed this.
    """
    if len(blob) < _FAILURES.size:
        raise DamageError(f"the failures of job {record.number} are damaged")
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
        raise DamageError("a job's story is damaged")
    length: int = _LENGTH.unpack_from(blob, start)[0]
    failures.story = blob[end : end + length]
    return end + length


# Bytes. SQLite takes no value of more than 10^9 bytes, and to write one needs several
# times its size in memory.
_PIECE: Final = 1024 * 1024


def insert_pieces(cursor: sqlite3.Cursor, record: JobRecord) -> int:
    """Insert a workload in pieces; return its size in bytes."""
    size = 0
    for position, piece in enumerate(_cut(record)):
        cursor.execute(
            "INSERT INTO pieces VALUES(?, ?, ?, ?)",
            (record.number, position, crc32(piece, position), piece),
        )
        size += len(piece)
    return size


def read_pieces(
    connection: sqlite3.Connection, number: int, size: int, first: int = 0
) -> Iterator[bytes]:
    """Return the pieces of a workload of ``size`` bytes, or those with the ``first``.

    Raises:
        DamageError: a piece is lost or damaged.
    """
    rows = connection.execute(
        "SELECT position, sum, data FROM pieces WHERE number = ? ORDER BY position",
        (number,),
    )
    expected, least = 0, size - first if first else -1
    try:
        for position, checksum, data in rows:
            is_whole = type(data) is bytes and crc32(data, expected) == checksum
            if position != expected or not is_whole:
                break
            expected += 1
            size -= len(data)
            yield data
            if size <= least:
                return
    finally:
        rows.close()
    if size:
        raise DamageError(f"a piece of the workload of job {number} is damaged")


def _cut(record: JobRecord) -> Iterator[bytes]:
    """Cut a workload into pieces of the size that is kept; at least one."""
    gathered: list[bytes] = []
    room = _PIECE
    for piece in (record.workload, *record.more):
        start = 0
        while len(piece) - start > room:
            gathered.append(piece[start : start + room])
            yield b"".join(gathered)
            start += room
            gathered, room = [], _PIECE
        gathered.append(piece[start:] if start else piece)
        room -= len(piece) - start
    yield b"".join(gathered)
