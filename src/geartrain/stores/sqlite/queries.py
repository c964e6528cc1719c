"""Answers to the engine's queries: pages, single jobs, and lists."""

from __future__ import annotations

import sqlite3
from operator import attrgetter
from typing import Final

from geartrain.engine.queries import DuePage, ListDead, ListJobs, Page
from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import STEADY, bits_of, due_of
from geartrain.stores.slices import (
    LAST,
    MOST_QUEUES,
    SlicePlace,
    due_ranges,
    place_of,
    queues_from,
)
from geartrain.stores.sqlite.queues import SqliteQueue, SqliteQueues
from geartrain.stores.sqlite.reading import (
    SINGLE,
    Reader,
    is_unreadable,
    read_heads,
    read_rows,
    read_slice,
    read_slice_heads,
)
from geartrain.stores.sqlite.rows import Row

__all__ = [
    "fill_due_page",
    "fill_page",
    "find_head",
    "find_record",
    "list_dead",
    "list_jobs",
    "next_due",
]

_WAITING: Final = "SELECT {} FROM jobs INDEXED BY waiting"
_READY: Final = f"{_WAITING} WHERE queue = ? AND due = 0 AND number > ? ORDER BY number"
_DUE: Final = (
    f"{_WAITING} WHERE queue = ? AND due = ? AND number > ? UNION ALL "
    f"{_WAITING} WHERE queue = ? AND due > ? AND due <= ? ORDER BY due, number"
)


def fill_page(
    connection: sqlite3.Connection, reader: Reader, queue: SqliteQueue, query: Page
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
    connection: sqlite3.Connection, reader: Reader, queue: SqliteQueue, query: DuePage
) -> None:
    """Answer a query for the jobs of a queue whose due time has come."""
    due, number = bits_of(query.after[0], query.is_steady), query.after[1]
    until = bits_of(query.until, query.is_steady)
    query.next_due = next_due(connection, queue, until, query.is_steady)
    if due == 0:
        # Skip the jobs without a due time, and those that are due by the other clock.
        due, number = STEADY - 1 if query.is_steady else 0, LAST
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
    connection: sqlite3.Connection, queue: SqliteQueue, after: int, is_steady: bool
) -> float:
    """Return the earliest due time by a clock after one given as bits; 0 for none."""
    first, last = (STEADY, LAST) if is_steady else (0, STEADY - 1)
    found = connection.execute(
        "SELECT min(due) FROM jobs INDEXED BY waiting "
        "WHERE queue = ? AND due > ? AND due <= ?",
        (queue.id, max(after, first - 1), last),
    ).fetchone()[0]
    return due_of(found)[0] if found else 0.0


def find_record(
    connection: sqlite3.Connection,
    reader: Reader,
    number: int,
    *,
    is_dead: bool,
    first: int = 0,
) -> JobRecord | None:
    """Return the job or the dead letter with a number, None if there is none.

    With ``first``, only so much of its workload is read as has these first bytes.

    Raises:
        DamageError: it is not as it was written.
    """
    for row in read_rows(connection, SINGLE, (number,)):
        if (row.queue < 0) == is_dead:
            return reader.record(row, first)
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


_JOBS: Final = (
    f"{_WAITING} WHERE queue = ? AND due = ? AND number > ? UNION ALL "
    f"{_WAITING} WHERE queue = ? AND due >= ? AND due < ? ORDER BY due, number"
)
_DEAD_OF_QUEUE: Final = (
    f"{_WAITING} WHERE queue = ? AND due = 0 AND number > ? ORDER BY number"
)
_DEAD: Final = (
    "SELECT {} FROM jobs INDEXED BY dead "
    "WHERE queue < 0 AND due = 0 AND number > ? ORDER BY number"
)

_BACKWARD: Final = ("number > ? ORDER BY number", "number < ? ORDER BY number DESC")


def list_jobs(
    connection: sqlite3.Connection,
    reader: Reader,
    queues: SqliteQueues,
    query: ListJobs,
) -> None:
    """Answer a query for jobs, in the order of queue, due time and number.

    Raises:
        StoreError: ``after`` is not from a slice of this list.
    """
    queue, due, number = place_of(query.after)
    some = list(queues.by_id.values())
    if query.function is not None:
        some = queues.of(query.function)
    for looked_at, each in enumerate(queues_from(some, queue)):
        if each.id != queue:
            due, number = 0, 0
        if len(query.records) >= query.most or looked_at == MOST_QUEUES:
            query.following = SlicePlace(each.id, due, number).token()
            return
        last = _list_queue(connection, reader, each, query, due, number)
        if last is not None:
            query.following = last.token()
            return


def list_dead(
    connection: sqlite3.Connection,
    reader: Reader,
    queues: SqliteQueues,
    query: ListDead,
) -> None:
    """Answer a query for dead letters, in the order of their numbers."""
    after = query.after
    while not query.records:
        rows = _dead_heads(connection, queues, query, after)
        if not rows:
            return
        query.records, damaged = reader.heads(rows)
        query.damaged += damaged
        after = rows[-1].number


def _list_queue(
    connection: sqlite3.Connection,
    reader: Reader,
    queue: SqliteQueue,
    query: ListJobs,
    due: int,
    number: int,
) -> SlicePlace | None:
    """List the jobs of one queue; return where to go on if there may be more."""
    for least, until in due_ranges(query):
        if due < least:
            due, number = least, 0
        if due >= until:
            continue
        most = query.most - len(query.records)
        place = (queue.id, due, number, queue.id, due + 1, until)
        rows = read_slice_heads(connection, (_JOBS, place), most)
        records, damaged = reader.heads(rows)
        query.records += records
        query.damaged += damaged
        if len(rows) >= most:
            return SlicePlace(queue.id, rows[-1].due, rows[-1].number)
    return None


def _dead_heads(
    connection: sqlite3.Connection, queues: SqliteQueues, query: ListDead, after: int
) -> list[Row]:
    every, of_queue = _DEAD, _DEAD_OF_QUEUE
    if query.is_backward:
        every, of_queue = (each.replace(*_BACKWARD) for each in (every, of_queue))
        after = after or LAST
    if query.function is None:
        return read_slice_heads(connection, (every, (after,)), query.most)
    rows: list[Row] = []
    for queue in queues.dead_of(query.function):
        place = (of_queue, (-queue.id, after))
        rows += read_slice_heads(connection, place, query.most)
    rows.sort(key=attrgetter("number"), reverse=query.is_backward)
    return rows[: query.most]
