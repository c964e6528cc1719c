"""The file of a SQLite store: made, recognised, locked, and its errors explained."""

from __future__ import annotations

import ctypes
import os
import sqlite3
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from geartrain.errors import StoreError
from geartrain.stores.sqlite.damage import REBUILT, DamageError
from geartrain.stores.sqlite.schema import LATER, RESULTS_AGAIN, SCHEMA
from geartrain.texts import visible

__all__ = [
    "APPLICATION_ID",
    "ERRORS",
    "FORMAT",
    "OLDEST",
    "abandon",
    "explain",
    "is_lack_of_room",
    "is_new",
    "open_file",
    "put_in_place",
    "sync_folder",
]

# Beside its own errors SQLite raises MemoryError; a number of more than 64 bits gives
# OverflowError, a message that quotes a damaged name UnicodeDecodeError, and a value
# too large for a row's header struct.error.
ERRORS: Final = (
    sqlite3.Error,
    MemoryError,
    OverflowError,
    UnicodeDecodeError,
    struct.error,
)
"""What a statement may raise, to be given to ``explain``."""

APPLICATION_ID: Final = 0x67656172  # "gear"
"""SQLite's ``application_id`` of a store's file."""

FORMAT: Final = 6
"""The format of the stores this Geartrain writes."""

OLDEST: Final = 2
"""The oldest that it reads.

In 2 all due times are the calendar's; until 3 there are no tables of ``LATER``, and
until 4 no endings; and until 5 jobs have no owner, flow key or options.
"""


# Formats of newer versions stay below this: a higher number is damage.
_MOST_FORMATS: Final = 1000

# Enough to keep the statements of all widths prepared, see ``schema.chunks``.
_STATEMENTS: Final = 256

_SETTINGS: Final = (
    # Smaller checkpoints come more often, and hold up a commit for less time.
    "wal_autocheckpoint = 1000",
    # A log that one huge job made long is cut back to this many bytes.
    "journal_size_limit = 67108864",
    "cache_size = -16384",
    "cell_size_check = ON",
    "secure_delete = OFF",
    "temp_store = MEMORY",
    # Where fsync does not reach the disk, as on macOS, these do.
    "fullfsync = ON",
    "checkpoint_fullfsync = ON",
)

# None of these says that another store can be named: the program does, with its flag.
_MOVE_AWAY: Final = "move it away to begin with an empty one"
_ADVICE: Final = {
    sqlite3.SQLITE_BUSY: "is in use by another job server: stop that one",
    sqlite3.SQLITE_CORRUPT: f"is damaged: put a copy back, {_MOVE_AWAY}; "
    "geartrain store export saves what can be read",
    sqlite3.SQLITE_NOTADB: f"is no SQLite database: {_MOVE_AWAY}",
    sqlite3.SQLITE_FULL: "cannot be written, its disk is full: free some space",
    sqlite3.SQLITE_READONLY: "may not be written: give the user of the job server "
    "the right to read and write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: give the user of the job server the "
    "right to read and write the file and its folder",
    sqlite3.SQLITE_IOERR: "cannot be read or written: look for errors of its disk in "
    "the system's log, and for limits on the size of files",
}


def open_file(path: str, synchronous: str) -> sqlite3.Connection:
    """Open a store's file and lock it against all others; make it if there is none.

    The lock is the operating system's, and goes when the process does.

    Raises:
        StoreError: the file cannot be opened or is no store of this format.
    """
    _make_file(path)
    try:
        connection = sqlite3.connect(
            path,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
    except ERRORS as error:
        raise explain(path, error) from error
    try:
        _prepare(connection, path, synchronous)
    except ERRORS as error:
        connection.close()
        raise explain(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def explain(path: str, error: Exception) -> StoreError:
    """Turn an error of SQLite into one that says what is wrong and what to do."""
    reason = str(error) or type(error).__name__
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    if isinstance(error, UnicodeDecodeError):
        code = sqlite3.SQLITE_CORRUPT
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    advice = _ADVICE.get(code & 0xFF, "cannot be used")
    return StoreError(f"the store {visible(path)} {advice} ({reason}, {name})")


def is_lack_of_room(error: sqlite3.Error) -> bool:
    """Tell whether an error may come from a full disk, a quota, or a limit on sizes.

    SQLite reports only a full disk by a code of its own.
    """
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def put_in_place(real: str) -> None:
    """Put a store that was made anew in the place of the damaged one, if there is one.

    Raises:
        StoreError: the system does not let it.
    """
    made = f"{real}{REBUILT}"
    if not os.path.exists(made):
        return
    try:
        # The log is the damaged one's, and would be taken for the new one's.
        with suppress(FileNotFoundError):
            os.unlink(f"{real}-wal")
        os.rename(made, real)
        sync_folder(os.path.dirname(real))
    except OSError as error:
        raise StoreError(
            f"the file {visible(made)} cannot be put in the place of {visible(real)}: "
            f"{error.strerror}"
        ) from error


def abandon(connection: sqlite3.Connection) -> None:
    """Leave a connection open until the process ends.

    SQLite removes the write-ahead log by its name when it closes a database. Where the
    files were moved away, that is now the name of somebody else's log.
    """
    with suppress(sqlite3.Error):
        connection.rollback()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _make_file(path: str) -> None:
    """Make an empty file, and its folders, that only this user can read."""
    try:
        real = Path(os.path.realpath(path))
        put_in_place(str(real))
        if real.exists():
            _check_file(path, real)
        else:
            _make_folders(real.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(real, flags, 0o600))
            sync_folder(real.parent)
    except FileExistsError:
        # Another job server was faster. This one then meets its lock.
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(
            f"the store {visible(path)} cannot be made: {reason}: name a file in a "
            "folder that "
            "the user of the job server may write"
        ) from error


def _check_file(path: str, real: Path) -> None:
    # The file must not be opened here: closing it would take away the lock of a store
    # that has it open in this process.
    if not stat.S_ISREG(real.stat().st_mode):
        raise StoreError(f"the store {visible(path)} is no file: name a file")
    is_effective = os.access in os.supports_effective_ids
    if not os.access(real, os.R_OK | os.W_OK, effective_ids=is_effective):
        raise StoreError(
            f"the store {visible(path)} {_ADVICE[sqlite3.SQLITE_READONLY]}"
        )


def _make_folders(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync_folder(each.parent)


def sync_folder(folder: str | Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prepare(connection: sqlite3.Connection, path: str, synchronous: str) -> None:
    # Damage may make text of what was bytes.
    connection.text_factory = bytes
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("BEGIN IMMEDIATE")
    if is_new(connection, path):
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != FORMAT:
        # A file of an older format is one of this from now on. To write it each time
        # would need room on a full disk, and touch a file that is about to be mended.
        if version and _has_results(connection):
            for statement in RESULTS_AGAIN:
                connection.execute(statement)
        for statement in LATER.values():
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != b"wal":
        raise StoreError(
            f"the store {visible(path)} cannot have a write-ahead log: it has to be "
            "on a local disk"
        )
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}").fetchall()
    # The change of journal let go of the lock.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")


def _has_results(connection: sqlite3.Connection) -> bool:
    """Tell whether a file of an older format has a table of results."""
    found = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = 'results'"
    )
    return bool(found.fetchone()[0])


def _has_damaged_header(
    connection: sqlite3.Connection, application: int, version: int
) -> bool:
    """Tell whether one of two numbers is wrong, and all else says it is a store."""
    if (application == APPLICATION_ID) == (OLDEST <= version <= FORMAT):
        return False
    if application == APPLICATION_ID and 0 <= version <= _MOST_FORMATS:
        return False
    names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    return {(b"jobs",), (b"queues",), (b"key_merges",)} <= set(names)


def is_new(connection: sqlite3.Connection, path: str) -> bool:
    """Tell whether the file ``path`` has nothing in it yet.

    Raises:
        StoreError: what it has is no store, or one of another format.
        DamageError: it is a store, and its header is damaged.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application == 0 and version == 0 and tables == 0:
        return True
    if _has_damaged_header(connection, application, version):
        raise DamageError("the header of the file is damaged")
    if application != APPLICATION_ID:
        raise StoreError(
            f"the store {visible(path)} is the database of another program"
        )
    if version > FORMAT:
        raise StoreError(
            f"the store {visible(path)} has format {version} of a newer Geartrain, "
            f"this one knows up to {FORMAT}: use the newer one"
        )
    if version < OLDEST:
        raise StoreError(
            f"the store {visible(path)} has format {version}, which no release of "
            "Geartrain "
            f"has written: {_MOVE_AWAY}"
        )
    return False
