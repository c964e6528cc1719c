"""Damage: how it is recognised, in a store's file, its log, and errors of SQLite."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from typing import Final, Protocol

from geartrain.stores.sqlite.schema import LATER

__all__ = [
    "LOG_MARKS",
    "REBUILT",
    "DamageError",
    "Mender",
    "has_log",
    "is_busy",
    "is_damage",
    "is_emptied",
    "is_log_gone",
    "is_mendable",
    "is_removed",
    "is_structural",
    "look_whole",
]

LOG_MARKS: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""What a write-ahead log begins with."""

# A file of up to this many bytes is checked at each start, for at most so many seconds.
_MOST_LOOKED_AT: Final = 64 * 1024 * 1024
_LOOK: Final = 0.25
_LOOK_STEPS: Final = 10_000

# The tables and indexes that are read; the others only keep names unique.
_NAMES: Final = {
    *(b"queues", b"jobs", b"waiting", b"dead", b"keys", b"key_log", b"key_merges"),
    *(b"pieces", b"schedules", b"meta"),
    *(name.encode() for name in LATER),
}


def is_busy(error: BaseException | None) -> bool:
    """Tell whether an error says that another process has the file open."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def is_structural(error: Exception) -> bool:
    """Tell whether an error says that pages of the file are damaged, not just a row."""
    if isinstance(error, DamageError):
        return False
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    is_damaged = code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return is_damaged or isinstance(error, UnicodeDecodeError)


def look_whole(connection: sqlite3.Connection, size: int) -> None:
    """Look for missing tables and, in a file of up to 64 MiB, for damaged pages.

    Damaged pages of a larger file are found, and the file is mended, when they are
    read.

    Raises:
        DamageError: it is damaged.
    """
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not names.issuperset(_NAMES):
        missing = b", ".join(sorted(_NAMES - names)).decode()
        raise DamageError(f"there is no {missing}")
    if size > _MOST_LOOKED_AT:
        return
    deadline = time.monotonic() + _LOOK
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _LOOK_STEPS)
    try:
        (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.OperationalError:
        # It takes too long.
        return
    finally:
        connection.set_progress_handler(None, 0)
    if said != b"ok":
        raise DamageError(" ".join(said.decode(errors="replace").split()))


def has_log(path: str) -> bool:
    """Tell whether a store that is not open has a log, and not an empty one."""
    try:
        with open(f"{os.path.realpath(path)}-wal", "rb") as log:
            return log.read(4) in LOG_MARKS
    except (OSError, ValueError):
        return False


def is_log_gone(path: str) -> bool:
    """Tell whether a store that is not open has no log, not even an empty one.

    An empty one is what a job server leaves that was killed after it had emptied the
    log to make room on a full disk.
    """
    try:
        return not os.path.exists(f"{os.path.realpath(path)}-wal")
    except ValueError:
        return True


def is_emptied(path: str) -> bool:
    """Tell whether there is an empty file."""
    try:
        return os.stat(path).st_size == 0
    except (OSError, ValueError):
        return False


def is_removed(path: str) -> bool:
    """Tell whether the file is missing and its log is still there."""
    real = os.path.realpath(path)
    is_there = os.path.lexists(real) or os.path.exists(f"{real}{REBUILT}")
    return not is_there and has_log(path)


class DamageError(sqlite3.DatabaseError):
    """What was read is not what was written; the text says where."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is damaged."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF == sqlite3.SQLITE_CORRUPT


REBUILT: Final = ".rebuilt"
"""Suffix of the new file that is about to replace a damaged store."""


def is_mendable(error: BaseException | None) -> bool:
    """Tell whether an error at the opening of a file may go when it is mended."""
    if not isinstance(error, sqlite3.Error | UnicodeDecodeError):
        return False
    # Such as a missing table.
    is_wrong = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR
    return is_wrong or isinstance(error, DamageError) or is_structural(error)


class Mender(Protocol):
    """Makes damaged files whole; implemented by ``stores.salvage``."""

    def look(self, path: str) -> str:
        """Return what is wrong with a closed file that SQLite would not report."""

    def mend(self, path: str, tell: Callable[[int, int | None], None]) -> list[str]:
        """Make a closed file whole; return what an operator should know, a line each.

        ``tell`` is told how many jobs are saved so far, and of how many if that is
        known.

        Raises:
            StoreError: it cannot be mended.
        """
