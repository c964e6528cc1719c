"""The file of a SQLite store, opened to be read as it is, however damaged it is."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from geartrain.errors import StoreError
from geartrain.stores.owners import owners_rights
from geartrain.stores.sqlite.damage import DamageError, is_damage
from geartrain.stores.sqlite.file import ERRORS, explain, is_new
from geartrain.texts import visible

__all__ = ["check_file", "open_unchanged", "size_of"]

_PARTS: Final = ("", "-wal")


@contextmanager
def open_unchanged(path: str) -> Iterator[tuple[sqlite3.Connection, str]]:
    """Open a store's file to read it, and keep job servers from using it meanwhile.

    Yields the connection, and why a job server could not open the file for damage;
    the reason is empty if it could. What a crash left in the log counts.

    Raises:
        StoreError: there is no such file, it is in use by a job server, may not be
            read, or is no store of this format.
    """
    check_file(path)
    had_log = Path(f"{path}-wal").exists()
    with owners_rights(path):
        try:
            with closing(_connect(path, "ro")) as connection:
                yield connection, _begin(connection, path)
        except ERRORS as error:
            raise explain(path, error) from error
        finally:
            if not had_log:
                _tidy(path)


def check_file(path: str) -> None:
    """Check that there is a file that is not empty, without opening it.

    Raises:
        StoreError: there is none.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"there is no store {visible(path)}: {reason}") from error
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(f"the store {visible(path)} is no file: name a file")
    if found.st_size == 0:
        raise StoreError(
            f"the store {visible(path)} is empty: put a copy back, or start a job "
            "server on it "
            "to begin with no jobs"
        )


def size_of(path: str) -> int:
    """Return the bytes of a store's file and its log."""
    parts = [Path(f"{path}{part}") for part in _PARTS]
    return sum(part.stat().st_size for part in parts if part.exists())


def _connect(path: str, mode: str) -> sqlite3.Connection:
    uri = f"{Path(path).as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, timeout=0, isolation_level=None, uri=True)
    # Damage may make text of what was bytes.
    connection.text_factory = bytes
    return connection


def _begin(connection: sqlite3.Connection, path: str) -> str:
    """Begin to read; return why a job server could not, empty if it could."""
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cell_size_check = ON")
    reason = ""
    try:
        _recognise(connection, path)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        reason = str(error)
        # So SQLite reads what there is of a file that was cut, or whose tables are not
        # described as they should be.
        connection.execute("PRAGMA writable_schema = ON")
        with suppress(DamageError):
            _recognise(connection, path)
    connection.execute("BEGIN")
    return reason


def _recognise(connection: sqlite3.Connection, path: str) -> None:
    """Check that the file is a store, and that no job server has locked it."""
    if is_new(connection, path):
        raise StoreError(
            f"the store {visible(path)} has nothing in it, not even tables: put a copy "
            "back, or start a job server on it to begin with no jobs"
        )


def _tidy(path: str) -> None:
    """Have SQLite remove the empty log that reading has made, if nobody else reads."""
    if not Path(f"{path}-wal").exists():
        return
    with suppress(*ERRORS), closing(_connect(path, "rw")) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
