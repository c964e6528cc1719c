"""The write-ahead log of a store whose job server was killed, where it is damaged.

SQLite reads a log up to the first damaged frame, and silently ignores all commits
behind it. But each frame has the checksum that the next one continues from: so the
frames behind a damaged one can be verified, too, and their pages be used. The format:
https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from geartrain.stores.sqlite.damage import LOG_MARKS

__all__ = ["apply_log", "is_cut_short"]

_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_PAGE: Final = 4096
_FRAME: Final = _FRAME_HEADER + _PAGE
_WORD: Final = 0xFFFFFFFF


class _Frame(NamedTuple):
    """A page in a log.

    Attributes:
        page: its number, from 1.
        pages: how many the database has after it, if it ends a commit; else 0.
        is_whole: it is as it was written.
        data: the page.
    """

    page: int
    pages: int
    is_whole: bool
    data: bytes


def is_cut_short(path: str) -> bool:
    """Tell whether SQLite would leave commits out that are in the log of a store.

    It takes about 60 ms for a log of the usual size, 4 MB.
    """
    is_broken = False
    try:
        with open(f"{path}-wal", "rb") as log:
            for frame in _frames(log):
                is_broken = is_broken or not frame.is_whole
                if is_broken and frame.is_whole and frame.pages:
                    return True
    except (OSError, ValueError):
        return False
    return False


def apply_log(log_path: str, path: str) -> None:
    """Write the pages of all commits in a log into a database, but for damaged ones.

    Raises:
        OSError: one of the files cannot be read or written.
    """
    with open(log_path, "rb") as log, open(path, "r+b") as database:
        waiting: dict[int, bytes] = {}
        for frame in _frames(log):
            if not frame.is_whole:
                continue
            waiting[frame.page] = frame.data
            if frame.pages:
                for page, data in waiting.items():
                    database.seek((page - 1) * _PAGE)
                    database.write(data)
                waiting.clear()
        database.flush()
        os.fsync(database.fileno())


def _frames(log: BinaryIO) -> Iterator[_Frame]:
    """Return the frames that were written since the log was begun anew."""
    header = log.read(_HEADER)
    if len(header) < _HEADER:
        return
    order = ">" if header[:4] == LOG_MARKS[1] else "<"
    words = struct.Struct(f"{order}{(8 + _PAGE) // 4}I")
    salts = header[16:24]
    seed = struct.unpack(">II", header[24:32])
    if _checksum(struct.unpack(f"{order}6I", header[:24]), (0, 0)) != seed:
        # SQLite takes a log with a damaged header for none. Frames have it, too.
        salts = log.read(_FRAME_HEADER)[8:16]
    for _ in range(_count(log, salts)):
        frame = log.read(_FRAME)
        page, pages = struct.unpack_from(">II", frame)
        told = struct.unpack_from(">II", frame, 16)
        data = frame[_FRAME_HEADER:]
        sums = _checksum(words.unpack(frame[:8] + data), seed)
        yield _Frame(page, pages, frame[8:16] == salts and sums == told, data)
        seed = told


def _count(log: BinaryIO, salts: bytes) -> int:
    """Return how many frames there are up to the last one with these salts.

    Those behind it are left from before the log was begun anew.
    """
    count = 0
    place = 0
    while True:
        log.seek(_HEADER + place * _FRAME)
        frame = log.read(_FRAME_HEADER)
        place += 1
        if len(frame) < _FRAME_HEADER:
            break
        if frame[8:16] == salts:
            count = place
    log.seek(_HEADER)
    # The last may not be complete.
    end = os.fstat(log.fileno()).st_size
    return min(count, (end - _HEADER) // _FRAME)


def _checksum(words: tuple[int, ...], seed: tuple[int, ...]) -> tuple[int, int]:
    first, second = seed
    each = iter(words)
    for one, other in zip(each, each, strict=True):
        first = (first + one + second) & _WORD
        second = (second + other + first) & _WORD
    return first, second
