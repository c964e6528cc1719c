"""A copy of a damaged store that SQLite can read, where the store itself cannot be.

The first page of a file has SQLite's header and the list of tables with the pages they
begin on. Without it nothing can be read. But it can be replaced by that of an empty
store: all stores make their tables in one order, so that each table begins on the same
page in every store, and on another one in every store that was compacted.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final, NamedTuple

from geartrain.errors import StoreError
from geartrain.stores.owners import owners_rights
from geartrain.stores.salvage.file import check_file, open_unchanged
from geartrain.stores.salvage.logs import apply_log, is_cut_short
from geartrain.stores.sqlite.damage import is_structural
from geartrain.stores.sqlite.file import APPLICATION_ID, FORMAT, OLDEST, open_file
from geartrain.stores.sqlite.schema import LATER
from geartrain.texts import visible

__all__ = ["Readable", "copy_store", "open_readable", "remove_copy"]

_PAGE: Final = 4096
# Where the header has what is the same in all stores: magic, page size, versions of
# the file format, and the fractions of a page; the format of the schema; the encoding;
# and the application.
_CONSTANT: Final = (
    (0, b"SQLite format 3\0" + struct.pack(">H", _PAGE) + b"\2\2\0\x40\x20\x20"),
    (44, struct.pack(">I", 4)),
    (56, struct.pack(">I", 1)),
    (68, struct.pack(">I", APPLICATION_ID)),
)
# Where it has the store's format.
_VERSION: Final = 60
# What the header says of the number of pages, and of free ones. Zero is not known.
_COUNTS: Final = (28, 40)
_TABLE_KINDS: Final = b"\x05\x0d"
_INDEX_KINDS: Final = b"\x02\x0a"

# A table or index: its name, the page it begins on, and the words that made it.
Table = tuple[bytes, int, bytes]
_TABLES: Final = (
    "SELECT name, rootpage, ifnull(sql, '') FROM sqlite_master ORDER BY name"
)
# A store of an older format got these on whatever pages were free.
_LATER: Final = tuple(name.encode() for name in LATER)
_UNREADABLE: Final = (b"", 0, b"")


class _Layout(NamedTuple):
    """Where a store without jobs has its tables and indexes.

    Attributes:
        page: its first page, which says so.
        tables: what that says.
    """

    page: bytes
    tables: list[Table]


class Readable(NamedTuple):
    """A damaged store, open to be read as far as it can be.

    Attributes:
        connection: reads it.
        path: the file that is read: the store's own, or a copy.
        reasons: why a job server would make the store anew, a sentence each.
    """

    connection: sqlite3.Connection
    path: str
    reasons: list[str]


@contextmanager
def open_readable(path: str) -> Iterator[Readable]:
    """Open a store's file to read all of it that can be read, and change nothing.

    What is read is a copy if the first page or the log is damaged.

    Raises:
        StoreError: as ``open_unchanged``; or it cannot be copied.
    """
    check_file(path)
    real = os.path.realpath(path)
    with (
        owners_rights(real),
        _readable_copy(path, real) as (source, said),
        open_unchanged(source) as (connection, reason),
    ):
        if reason:
            said.append(f"a job server cannot open the file: {reason}")
        yield Readable(connection, source, said)


@contextmanager
def _readable_copy(path: str, real: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the path of a file that SQLite reads as far as it can be read.

    With it come the reasons for which it is a copy.
    """
    is_cut = is_cut_short(real)
    first = _first_page(path)
    if not (is_cut or first):
        yield path, []
        return
    said: list[str] = []
    copy = copy_store(real, ".copy", with_log=not is_cut)
    try:
        if first:
            said.append("the first page of the file is damaged")
            with open(copy, "r+b") as file:
                file.write(first)
        if is_cut:
            said.append("the write-ahead log is damaged")
            apply_log(f"{real}-wal", copy)
        yield copy, said
    finally:
        remove_copy(copy)


def _first_page(path: str) -> bytes:
    """Return what is to be the first page; empty if the one there is whole.

    Raises:
        StoreError: the file cannot be opened for another reason than damage.
    """
    found = _tables(path)
    layouts = _layouts()
    is_whole = _is_whole(_read(path, 0))
    if is_whole and _first(found) in [_first(each.tables) for each in layouts]:
        return b""
    best = max(layouts, key=lambda layout: _fit(path, layout))
    return best.page if _fit(path, best) * 2 > len(best.tables) else b""


def _first(tables: list[Table]) -> list[Table]:
    """Return the tables and indexes that stores of all formats have.

    The others may be on any page, or missing where the format is an older one.
    """
    indexes = tuple(b"sqlite_autoindex_%s_" % name for name in _LATER)
    return [
        table
        for table in tables
        if table[0] not in _LATER and not (table[0] or b"").startswith(indexes)
    ]


def copy_store(path: str, suffix: str, *, with_log: bool) -> str:
    """Copy a store's file, with its log or without; return the path of the copy.

    It is beside the store, or in the folder for temporary files if that may not be
    written.

    Raises:
        StoreError: there is no room for it, or the file cannot be read.
    """
    copy = f"{path}{suffix}"
    if not os.access(os.path.dirname(path), os.W_OK):
        name = f"{os.path.basename(copy)}.{os.getpid()}"
        copy = os.path.join(tempfile.gettempdir(), name)
    remove_copy(copy)
    try:
        shutil.copyfile(path, copy)
        if with_log:
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}-wal", f"{copy}-wal")
    except OSError as error:
        remove_copy(copy)
        raise StoreError(
            f"the store {visible(path)} is damaged and cannot be copied to "
            f"{visible(copy)} to read it: {error.strerror}"
        ) from error
    return copy


def remove_copy(copy: str) -> None:
    """Remove a copy with all that SQLite has made beside it."""
    for part in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            os.unlink(f"{copy}{part}")


def _is_whole(page: bytes) -> bool:
    if len(page) < _PAGE:
        return False
    (version,) = struct.unpack_from(">I", page, _VERSION)
    is_constant = all(page[at : at + len(part)] == part for at, part in _CONSTANT)
    return is_constant and OLDEST <= version <= FORMAT


def _fit(path: str, layout: _Layout) -> int:
    """Return in how many places a file has a table or index where a layout has it."""
    fitting = 0
    for _, root, words in layout.tables:
        kind = _read(path, root - 1)[:1]
        fitting += kind != b"" and kind in _kinds(words)
    return fitting


def _kinds(words: bytes) -> bytes:
    """Return what the pages begin with that such a table or index begins on."""
    if not words or words.startswith(b"CREATE INDEX") or b"WITHOUT ROWID" in words:
        return _INDEX_KINDS
    return _TABLE_KINDS


def _read(path: str, number: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(number * _PAGE)
        return file.read(_PAGE)


def _tables(path: str) -> list[Table]:
    """Return the tables that a file says it has, by name, as far as can be read.

    Raises:
        StoreError: it cannot be read for another reason than damage.
    """
    try:
        with open_unchanged(path) as (connection, _):
            return connection.execute(_TABLES).fetchall()
    except StoreError as error:
        cause = error.__cause__
        if not isinstance(cause, sqlite3.Error):
            raise
        # Of a damaged header SQLite may say "unsupported file format", by this code.
        is_format = getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR
        if not (is_format or is_structural(cause)):
            raise
        return [_UNREADABLE]


def _layouts() -> list[_Layout]:
    """Return where an empty store has its tables, as made and as compacted.

    Then come those of a store that was made, or compacted, before it got later tables.
    """
    dropped = [f"DROP TABLE {name}" for name in LATER]
    with tempfile.TemporaryDirectory() as made:
        return [
            *_layouts_of(os.path.join(made, "empty.db"), []),
            # Format 4 has all but the endings, and those before have none.
            *_layouts_of(os.path.join(made, "older.db"), dropped[-1:]),
            *_layouts_of(os.path.join(made, "oldest.db"), dropped),
        ]


def _layouts_of(path: str, changes: list[str]) -> Iterator[_Layout]:
    with closing(open_file(path, "OFF")) as connection:
        for step in (changes, ["VACUUM"]):
            for statement in step:
                connection.execute(statement)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            page = bytearray(_read(path, 0))
            start, end = _COUNTS
            page[start:end] = bytes(end - start)
            tables = connection.execute(_TABLES).fetchall()
            yield _Layout(bytes(page), tables)
