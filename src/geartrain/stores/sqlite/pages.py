"""Pages of a SQLite store, the next jobs of a queue; and single jobs."""

from __future__ import annotations

import sqlite3
from typing import Final

from geartrain.engine.queries import DuePage, Page
from geartrain.engine.records import JobRecord
from geartrain.stores.sqlite.queues import Queue
from geartrain.stores.sqlite.reading import SINGLE, Reader, read_heads, read_rows
from geartrain.stores.sqlite.rows import STEADY, Row, bits_of, due_of
from geartrain.stores.sqlite.slices import is_unreadable, read_slice

__all__ = ["fill_due_page", "fill_page", "find_head", "find_record", "next_due"]

_WAITING: Final = "SELECT {} FROM jobs INDEXED BY waiting"
_READY: Final = f"{_WAITING} WHERE queue = ? AND due = 0 AND number > ? ORDER BY number"
_DUE: Final = (
    f"{_WAITING} WHERE queue = ? AND due = ? AND number > ? UNION ALL "
    f"{_WAITING} WHERE queue = ? AND due > ? AND due <= ? ORDER BY due, number"
)

_LAST: Final = 2**63 - 1


def fill_page(
    connection: sqlite3.Connection, reader: Reader, queue: Queue, query: Page
) -> None:
    """Answer a query for the ready jobs of a queue."""
    after = query.after
    while not query.records:
        rows = read_slice(connection, (_READY, (queue.id, after)), query.most)
        if not rows:
            return
        query.records, damaged = reader.records(_readable(rows, query))
        if damaged:
            query.damaged += damaged
            query.is_torn = query.is_torn or any(map(is_unreadable, rows))
        after = rows[-1].number


def fill_due_page(
    connection: sqlite3.Connection, reader: Reader, queue: Queue, query: DuePage
) -> None:
    """Answer a query for the jobs of a queue whose due time has come."""
    due, number = bits_of(query.after[0], query.is_steady), query.after[1]
    until = bits_of(query.until, query.is_steady)
    query.next_due = next_due(connection, queue, until, query.is_steady)
    if due == 0:
        # Those without a due time, or with one by the other clock, are no part of the
        # answer.
        due, number = STEADY - 1 if query.is_steady else 0, _LAST
    while not query.records:
        place = (queue.id, due, number, queue.id, due, until)
        rows = read_slice(connection, (_DUE, place), query.most)
        if not rows:
            return
        query.records, damaged = reader.records(_readable(rows, query))
        if damaged:
            query.damaged += damaged
            query.is_torn = query.is_torn or any(map(is_unreadable, rows))
        due, number = rows[-1].due, rows[-1].number


def _readable(rows: list[Row], query: Page | DuePage) -> list[Row]:
    """Return the rows whose workloads are to be read, and note the others."""
    if not query.largest:
        return rows
    large = [row.number for row in rows if row.pieces > query.largest]
    if not large:
        return rows
    query.oversized += large
    return [row for row in rows if row.pieces <= query.largest]


def next_due(
    connection: sqlite3.Connection, queue: Queue, after: int, is_steady: bool
) -> float:
    """Return the earliest due time by a clock after one given as bits; 0 for none."""
    first, last = (STEADY, _LAST) if is_steady else (0, STEADY - 1)
    found = connection.execute(
        "SELECT min(due) FROM jobs INDEXED BY waiting "
        "WHERE queue = ? AND due > ? AND due <= ?",
        (queue.id, max(after, first - 1), last),
    ).fetchone()[0]
    return due_of(found)[0] if found else 0.0


def find_record(
    connection: sqlite3.Connection, reader: Reader, number: int, *, is_dead: bool
) -> JobRecord | None:
    """Return the job or the dead letter with a number, None if there is none.

    Raises:
        DamageError: it is not as it was written.
    """
    for row in read_rows(connection, SINGLE, (number,)):
        if (row.queue < 0) == is_dead:
            return reader.record(row)
    return None


def find_head(
    connection: sqlite3.Connection, reader: Reader, number: int, *, is_dead: bool
) -> JobRecord | None:
    """Return what ``find_record`` does, without the workload, which is not read.

    Raises:
        DamageError: what is read is not as it was written.
    """
    for row in read_heads(connection, SINGLE, (number,)):
        if (row.queue < 0) == is_dead:
            return reader.head(row)
    return None
