"""A copy of a damaged store that SQLite can read, where the store itself cannot be.

The first page of the file has SQLite's header, and what the tables are and where.
Without it nothing of a file can be read, and with that of an empty store all can: the
tables are made in one order, so that each begins on the same page in every store.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final

from geartrain.errors import StoreError
from geartrain.stores.maintenance.file import open_unchanged
from geartrain.stores.maintenance.logs import apply_log, is_cut_short
from geartrain.stores.sqlite.file import APPLICATION_ID, FORMAT, open_file
from geartrain.stores.sqlite.wholeness import is_structural

__all__ = ["readable_copy"]

_PAGE: Final = 4096
# Where the header has what is the same in all stores: magic, page size, versions of
# the file format, and the fractions of a page; the format of the schema; the encoding;
# the store's format; and the application.
_CONSTANT: Final = (
    (0, b"SQLite format 3\0" + struct.pack(">H", _PAGE) + b"\2\2\0\x40\x20\x20"),
    (44, struct.pack(">I", 4)),
    (56, struct.pack(">I", 1)),
    (60, struct.pack(">I", FORMAT)),
    (68, struct.pack(">I", APPLICATION_ID)),
)
# What the header says of the number of pages, and of free ones. Zero is not known.
_COUNTS: Final = (28, 40)
_KINDS: Final = (2, 5, 10, 13)

# A table or index: its name, the page it begins on, and the words that made it.
Table = tuple[bytes, int, bytes]
_TABLES: Final = "SELECT name, rootpage, sql FROM sqlite_master ORDER BY rowid"
_UNREADABLE: Final = (b"", 0, b"")


@contextmanager
def readable_copy(path: str) -> Iterator[str]:
    """Yield the path of a file that SQLite reads as far as it can be read.

    That is the file itself, or, if its first page or its log is damaged, a copy beside
    it for the length of the block.

    Raises:
        OSError: the file cannot be read, or there is no room for a copy.
    """
    is_cut = is_cut_short(path)
    first = b""
    page, tables = _empty_store(os.path.dirname(path))
    is_whole = _is_whole(_read(path, 0)) and _tables(path) in ([], tables)
    if not is_whole and _has_tables(path, [root for _, root, _ in tables]):
        first = page
    if not (is_cut or first):
        yield path
        return
    copy = f"{path}.copy"
    try:
        shutil.copyfile(path, copy)
        with open(copy, "r+b") as file:
            file.write(first)
        if is_cut:
            apply_log(f"{path}-wal", copy)
        else:
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        yield copy
    finally:
        for part in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(f"{copy}{part}")


def _is_whole(page: bytes) -> bool:
    return all(page[at : at + len(part)] == part for at, part in _CONSTANT)


def _has_tables(path: str, roots: list[int]) -> bool:
    """Tell whether a file has what begins a table where a store has its tables."""
    found = [_read(path, root - 1)[:1] for root in roots]
    right = sum(bool(each) and each[0] in _KINDS for each in found)
    return right * 2 > len(roots)


def _read(path: str, number: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(number * _PAGE)
        return file.read(_PAGE)


def _tables(path: str) -> list[Table]:
    """Return the tables that a file says it has, as far as that can be read.

    Returns an empty list if the file cannot be read for another reason than damage.
    """
    try:
        with open_unchanged(path) as (connection, _):
            return connection.execute(_TABLES).fetchall()
    except StoreError as error:
        cause = error.__cause__
        is_damaged = isinstance(cause, Exception) and is_structural(cause)
        return [_UNREADABLE] if is_damaged else []


def _empty_store(folder: str) -> tuple[bytes, list[Table]]:
    """Return the first page of an empty store, and its tables."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        path = os.path.join(made, "empty.db")
        with closing(open_file(path, "OFF")) as connection:
            connection.text_factory = bytes
            tables = connection.execute(_TABLES).fetchall()
        page = bytearray(_read(path, 0))
    start, end = _COUNTS
    page[start:end] = bytes(end - start)
    return bytes(page), tables
