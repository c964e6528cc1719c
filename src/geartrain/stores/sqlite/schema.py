"""The tables of a SQLite store.

``queues`` has a row for each function and priority, with the number of jobs in each
state, so that opening a store looks at no job. The row of a job names its queue by
number; a dead letter has the same number below zero. ``due`` is 0, or the bits of a
double as an integer: they sort as the times do, and no digit is lost. A due time is one
by the calendar, or a server time, whose integer is 2**61 higher. All other times are
server times; ``meta`` has one, and the calendar's of the same moment.

``head`` is all of a job that never changes, see ``rows``. ``sum`` is a checksum
over the head, and the columns that change. A workload too large to lie in the row is
in ``pieces``, and the column of that name says how many bytes it has.
"""

from __future__ import annotations

import sqlite3
from typing import Final
from zlib import crc32

__all__ = ["LATER", "SCHEMA", "DamageError", "is_damage"]

# Large values are written twice as fast beside an index as within one, which is what
# WITHOUT ROWID would be: so ``pieces`` goes without. The workload is the last column:
# what does not ask for it does not read it.
_FIRST: Final = (
    """
    CREATE TABLE queues(
        id INTEGER PRIMARY KEY,
        function BLOB NOT NULL,
        priority INTEGER NOT NULL,
        ready INTEGER NOT NULL,
        delayed INTEGER NOT NULL,
        dead INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        UNIQUE(function, priority)
    )
    """,
    """
    CREATE TABLE jobs(
        number INTEGER PRIMARY KEY,
        queue INTEGER NOT NULL,
        due INTEGER NOT NULL DEFAULT 0,
        sum INTEGER NOT NULL,
        key INTEGER,
        pieces INTEGER NOT NULL DEFAULT 0,
        failures BLOB,
        head BLOB NOT NULL,
        workload BLOB NOT NULL
    )
    """,
    "CREATE INDEX waiting ON jobs(queue, due)",
    "CREATE INDEX dead ON jobs(due, number) WHERE queue < 0",
    """
    CREATE TABLE keys(
        key INTEGER,
        number INTEGER,
        PRIMARY KEY(key, number)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE key_log(position INTEGER PRIMARY KEY, sum INTEGER, entries BLOB)",
    "CREATE TABLE key_merges(bucket INTEGER PRIMARY KEY, position INTEGER)",
    """
    CREATE TABLE pieces(
        number INTEGER NOT NULL,
        position INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY(number, position)
    )
    """,
    """
    CREATE TABLE schedules(
        number INTEGER PRIMARY KEY,
        sum INTEGER NOT NULL,
        record BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE meta(
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL,
        sum INTEGER
    ) WITHOUT ROWID
    """,
    f"INSERT INTO meta VALUES('reserved', 0, {crc32(b'0')}), ('refused', 0, NULL)",
)

LATER: Final = {
    "entries": """
    CREATE TABLE IF NOT EXISTS entries(
        id INTEGER PRIMARY KEY,
        kind BLOB NOT NULL,
        key BLOB NOT NULL,
        sum INTEGER NOT NULL,
        value BLOB NOT NULL,
        UNIQUE(kind, key)
    )
    """,
    "results": """
    CREATE TABLE IF NOT EXISTS results(
        number INTEGER PRIMARY KEY,
        expires REAL NOT NULL,
        key INTEGER,
        sum INTEGER NOT NULL,
        head BLOB NOT NULL,
        data BLOB NOT NULL,
        UNIQUE(expires, number),
        UNIQUE(key, number)
    )
    """,
}
"""The tables that a store of an older format lacks, with what makes each."""

SCHEMA: Final = (*_FIRST, *LATER.values())
"""The statements that make an empty store."""


class DamageError(sqlite3.DatabaseError):
    """What was read is not what was written; the text says where."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is damaged."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF == sqlite3.SQLITE_CORRUPT
