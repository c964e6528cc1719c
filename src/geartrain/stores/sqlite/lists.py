"""Lists of a SQLite store: slices of all jobs or dead letters, without workloads."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from geartrain.engine.queries import ListDead, ListJobs
from geartrain.errors import StoreError
from geartrain.stores.sqlite.queues import Queue, Queues
from geartrain.stores.sqlite.reading import Reader
from geartrain.stores.sqlite.rows import STEADY, Row, bits_of
from geartrain.stores.sqlite.slices import read_slice_heads
from geartrain.texts import quoted

__all__ = ["list_dead", "list_jobs"]

_WAITING: Final = "SELECT {} FROM jobs INDEXED BY waiting"
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

_NEVER: Final = 2**63 - 1
# Queue, due time and number of the last that was listed.
_TOKEN: Final = re.compile(rb"(\d{1,18}) (\d{1,19}) (\d{1,19})")
# So many queues are looked at for one slice.
_MOST_QUEUES: Final = 100

_Token = tuple[int, int, int]


def list_jobs(
    connection: sqlite3.Connection, reader: Reader, queues: Queues, query: ListJobs
) -> None:
    """Answer a query for jobs, in the order of queue, due time and number.

    Raises:
        StoreError: ``after`` is not from a slice of this list.
    """
    queue, due, number = _token(query.after)
    for looked_at, each in enumerate(_queues(queues, query.function, queue)):
        if each.id != queue:
            due, number = 0, 0
        if len(query.records) >= query.most or looked_at == _MOST_QUEUES:
            query.following = b"%d %d %d" % (each.id, due, number)
            return
        last = _list_queue(connection, reader, each, query, due, number)
        if last is not None:
            query.following = b"%d %d %d" % last
            return


def list_dead(
    connection: sqlite3.Connection, reader: Reader, queues: Queues, query: ListDead
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


def _token(after: bytes) -> _Token:
    if not after:
        return 0, 0, 0
    found = _TOKEN.fullmatch(after)
    if found is None:
        raise StoreError(f"{quoted(after)} is no place in a list: begin without one")
    queue, due, number = map(int, found.groups())
    return queue, due, number


def _queues(queues: Queues, function: bytes | None, least: int) -> Iterable[Queue]:
    """Return the queues with jobs from the one with this number on."""
    some = queues.by_id.values() if function is None else queues.of(function)
    found = [
        queue for queue in some if queue.id >= least and queue.ready + queue.delayed > 0
    ]
    return sorted(found, key=attrgetter("id"))


def _list_queue(
    connection: sqlite3.Connection,
    reader: Reader,
    queue: Queue,
    query: ListJobs,
    due: int,
    number: int,
) -> _Token | None:
    """List the jobs of one queue; return where to go on if there may be more."""
    for least, until in _ranges(query):
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
            return queue.id, rows[-1].due, rows[-1].number
    return None


def _ranges(query: ListJobs) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return from and until which due times jobs are listed, by either clock."""
    until = STEADY if query.due_until == math.inf else bits_of(query.due_until)
    steady_until = _NEVER
    if query.steady_until != math.inf:
        steady_until = bits_of(query.steady_until, is_steady=True)
    steady_from = max(STEADY, bits_of(query.steady_from, is_steady=True))
    return (bits_of(query.due_from), until), (steady_from, steady_until)


def _dead_heads(
    connection: sqlite3.Connection, queues: Queues, query: ListDead, after: int
) -> list[Row]:
    if query.function is None:
        return read_slice_heads(connection, (_DEAD, (after,)), query.most)
    rows: list[Row] = []
    for queue in queues.of(query.function):
        place = (_DEAD_OF_QUEUE, (-queue.id, after))
        rows += read_slice_heads(connection, place, query.most)
    return sorted(rows, key=attrgetter("number"))[: query.most]
