"""The tables of a SQLite store, and statements that write or read many rows.

``queues`` has a row for each function and priority, and for each flow key whose jobs
wait in a queue of their own (``queues``), with the number of jobs in each state, so
that opening a store looks at no job. The row of a job names its queue by
number; a dead letter has the same number below zero. ``due`` is 0, or the bits of a
double as an integer: they sort as the times do, and no digit is lost. A due time is one
by the calendar, or a server time, whose integer is 2**61 higher. All other times are
server times; ``meta`` has one, and the calendar's of the same moment.

``head`` is all of a job that never changes, see ``rows``. ``sum`` is a checksum
over the head, and the columns that change. A workload too large to lie in the row is
in ``pieces``, and the column of that name says how many bytes it has.

A commit is a few wide statements; what reads many rows has SQLite put them into one.
Why not ``executemany``? Python gives up its lock around every step of a statement, and
beside a busy event loop taking it back may cost a switch interval each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final
from zlib import crc32

__all__ = ["LATER", "RESULTS_AGAIN", "SCHEMA", "Value", "chunks", "places", "tuples"]

# Why is ``pieces`` not WITHOUT ROWID? Large values are written twice as fast beside an
# index as within one. The workload is the last column of a job, so that a statement
# without it does not read it.
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
        UNIQUE(expires, number)
    )
    """,
    "endings": """
    CREATE TABLE IF NOT EXISTS endings(
        serial INTEGER PRIMARY KEY,
        expires REAL NOT NULL,
        handle INTEGER NOT NULL,
        unique_ INTEGER,
        function INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        record BLOB NOT NULL,
        UNIQUE(expires, serial),
        UNIQUE(handle, serial),
        UNIQUE(unique_, serial),
        UNIQUE(function, serial)
    )
    """,
}
"""The tables that stores of older formats lack, in the order in which they came, with
what makes each.
"""

RESULTS_AGAIN: Final = (
    "ALTER TABLE results RENAME TO former",
    LATER["results"],
    "INSERT INTO results SELECT number, expires, key, sum, head, data FROM former",
    "INSERT OR IGNORE INTO keys SELECT key, number FROM former WHERE key NOT NULL",
    "DROP TABLE former",
)
"""What makes results of a format before 6, with an index of their own for keys, anew.
"""

SCHEMA: Final = (*_FIRST, *LATER.values())
"""The statements that make an empty store."""


Value = int | float | bytes | None

# Maximum of rows, and of single numbers, in one statement. SQLite takes 32,766 values,
# and while Python binds them, half a millisecond for these, nothing else runs.
_MOST_ROWS: Final = 512
_MOST_NUMBERS: Final = 1024


def chunks(values: Sequence[Value], width: int = 1) -> Iterator[Sequence[Value]]:
    """Return values, ``width`` a row, in parts of as many rows as a statement takes."""
    most = _MOST_NUMBERS if width == 1 else _MOST_ROWS
    start, end = 0, len(values)
    while start < end:
        count = _fit((end - start) // width, most) * width
        yield values[start : start + count]
        start += count


@cache
def places(count: int) -> str:
    """Return the SQL of a list of ``count`` values."""
    return f"({', '.join('?' * count)})"


@cache
def tuples(count: int, width: int) -> str:
    """Return the SQL of ``count`` rows of ``width`` values each."""
    return f"VALUES {', '.join([places(width)] * count)}"


def _fit(count: int, most: int) -> int:
    """Return how many rows the next statement takes.

    The count is cut to its four highest bits. So any number of rows takes few
    statements, and there are so few different ones that all stay prepared.
    """
    if count >= most:
        return most
    shift = max(0, count.bit_length() - 4)
    return count >> shift << shift
