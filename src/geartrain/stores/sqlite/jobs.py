"""Changes to the jobs of a SQLite store, within a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final
from zlib import crc32

from geartrain.engine.records import Burial, Change, JobRecord, Move
from geartrain.stores.job_packing import (
    bits_of,
    digest,
    pack_failures,
    pack_head,
    size_of,
    unpack_head,
)
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.queues import SqliteQueues
from geartrain.stores.sqlite.reading import read_numbered
from geartrain.stores.sqlite.rows import Row, insert_pieces, seal
from geartrain.stores.sqlite.schema import Value, chunks, places, tuples

__all__ = ["Jobs"]

_PLAIN: Final = "number, queue, sum, key, head, workload"
_PLAIN_WIDTH: Final = 6
_FULL: Final = f"{_PLAIN}, due, pieces, failures"
_FULL_WIDTH: Final = 9
_STATE_WIDTH: Final = 5

# For each queue, and whether jobs are delayed: how many, whether some have pieces, and
# the keys with their numbers. The casts turn damaged numbers into numbers again.
_GROUPS: Final = (
    "SELECT CAST(queue AS INTEGER), due > 0, count(*), total(pieces > 0), "
    "group_concat(CAST(key AS INTEGER)), "
    "group_concat(CASE WHEN key IS NOT NULL THEN number END) FROM jobs"
)

# A larger workload lies in pieces, so that a change to the row does not copy it.
_MOST_INLINE: Final = 64 * 1024
# Bytes of workloads in one statement: SQLite keeps a copy of all its values until the
# statement is used again.
_MOST_BYTES: Final = 1024 * 1024


class Jobs:
    """The jobs and dead letters of an open store.

    Each method writes through a cursor in a transaction, counts what it changes in the
    queues, and notes it in the index of keys.
    """

    def __init__(self, queues: SqliteQueues, keys: Keys) -> None:
        self._queues = queues
        self._keys = keys

    def add(self, cursor: sqlite3.Cursor, records: Iterable[JobRecord]) -> None:
        """Insert jobs."""
        change = self._queues.change
        digests, keyed = self._keys.digests, self._keys.added
        plain: list[Value] = []
        size = 0
        for record in records:
            queue = change(record.function, record.priority, record.queue_key)
            workload = record.workload
            if (
                record.more
                or record.due > 0
                or record.failures is not None
                or len(workload) > _MOST_INLINE
            ):
                self._add_full(cursor, record, queue.id)
                continue
            queue.ready += 1
            head = pack_head(record, workload)
            number = record.number
            key = None
            if record.key:
                key = digests.get(record.key) or digest(record.key)
                keyed += (key, number)
            checksum = crc32(head, number) ^ queue.seal
            plain += (number, queue.id, checksum, key, head, workload)
            size += len(workload)
            if size >= _MOST_BYTES:
                _insert(cursor, _PLAIN, _PLAIN_WIDTH, plain)
                plain.clear()
                size = 0
        _insert(cursor, _PLAIN, _PLAIN_WIDTH, plain)

    def _add_full(self, cursor: sqlite3.Cursor, record: JobRecord, queue: int) -> None:
        size = size_of(record)
        due, failures = (
            bits_of(record.due, record.is_steady),
            pack_failures(record.failures, 0.0),
        )
        workload, pieces = b"", 0
        if size > _MOST_INLINE:
            pieces = insert_pieces(cursor, record)
        else:
            workload = b"".join((record.workload, *record.more))
        head = pack_head(record, workload)
        checksum = crc32(head, record.number) ^ seal(queue, due, pieces, failures)
        key = None
        if record.key:
            key = digest(record.key)
            self._keys.added += (key, record.number)
        self._queues.count(queue, due, 1)
        values = (record.number, queue, checksum, key, head, workload)
        _insert(cursor, _FULL, _FULL_WIDTH, (*values, due, pieces, failures))

    def end(self, cursor: sqlite3.Cursor, numbers: Sequence[int]) -> None:
        """Delete jobs and dead letters, with their pieces."""
        for part in chunks(numbers):
            these = places(len(part))
            groups = cursor.execute(
                f"{_GROUPS} WHERE number IN {these} GROUP BY 1, 2", part
            ).fetchall()
            has_pieces = False
            for queue, is_due, count, large, keys, keyed in groups:
                self._queues.count(queue, is_due, -count)
                has_pieces = has_pieces or large > 0
                if keys is not None and queue > 0:
                    entries = zip(keys.split(b","), keyed.split(b","), strict=True)
                    self._keys.removed += map(int, chain.from_iterable(entries))
            if groups:
                cursor.execute(f"DELETE FROM jobs WHERE number IN {these}", part)
            if has_pieces:
                cursor.execute(f"DELETE FROM pieces WHERE number IN {these}", part)

    def move(self, cursor: sqlite3.Cursor, moves: Iterable[Move]) -> None:
        """Put jobs and dead letters into other queues, or at other due times."""
        wanted = {move.number: move for move in moves}
        updates: list[Value] = []
        for row in read_numbered(cursor.connection, list(wanted)):
            move = wanted[row.number]
            key = b"" if row.queue < 0 else move.queue_key
            queue = self._queues.change(move.function, move.priority, key).id
            due = bits_of(move.due, move.is_steady)
            if row.queue < 0:
                queue, due = -queue, 0
            updates += self._update(row, queue, due, row.failures)
        _update(cursor, updates)

    def revive(self, cursor: sqlite3.Cursor, changes: Sequence[Change]) -> None:
        """Make jobs of dead letters."""
        # Of two changes of one dead letter the first counts: then it is a job.
        wanted = {change.number: change for change in reversed(changes)}
        rows = read_numbered(cursor.connection, list(wanted))
        dead = [row for row in rows if row.queue < 0]
        updates: list[Value] = []
        for row in dead:
            change = wanted[row.number]
            failures = pack_failures(change.failures, 0.0)
            due = bits_of(change.due, is_steady=True)
            updates += self._update(row, -row.queue, due, failures)
            if (key := _key_of(row)) is not None:
                self._keys.added += (key, row.number)
        _update(cursor, updates)

    def change(self, cursor: sqlite3.Cursor, changes: Iterable[Change]) -> None:
        """Change when jobs are due and how they have failed."""
        wanted = {change.number: change for change in changes}
        updates: list[Value] = []
        for row in read_numbered(cursor.connection, list(wanted)):
            if row.queue > 0:
                change = wanted[row.number]
                failures = pack_failures(change.failures, 0.0)
                due = bits_of(change.due, is_steady=True)
                updates += self._update(row, row.queue, due, failures)
        _update(cursor, updates)

    def replace(self, cursor: sqlite3.Cursor, records: Iterable[JobRecord]) -> None:
        """Write jobs anew that are kept under their numbers."""
        wanted = {record.number: record for record in records}
        rows = read_numbered(cursor.connection, list(wanted))
        kept = [row.number for row in rows if row.queue > 0]
        self.end(cursor, kept)
        self.add(cursor, [wanted[number] for number in kept])

    def bury(self, cursor: sqlite3.Cursor, burials: Sequence[Burial]) -> None:
        """Make dead letters of jobs."""
        wanted = {burial.number: burial for burial in reversed(burials)}
        updates: list[Value] = []
        entries: list[int] = []
        for row in read_numbered(cursor.connection, list(wanted)):
            if row.queue > 0:
                burial = wanted[row.number]
                failures = pack_failures(burial.failures, burial.died)
                queue = self._queues.of_dead(row.queue)
                updates += self._update(row, -queue, 0, failures)
                if (key := _key_of(row)) is not None:
                    entries += (key, row.number)
        _update(cursor, updates)
        if entries:
            self._keys.drop(entries)

    def _update(
        self, row: Row, queue: int, due: int, failures: bytes | None
    ) -> tuple[Value, ...]:
        """Count the change of a row; return its number and its new state.

        The new checksum follows from the old one: one that was wrong stays wrong.
        """
        self._queues.count(row.queue, row.due, -1)
        self._queues.count(queue, due, 1)
        checksum = row.sum ^ row.seal() ^ seal(queue, due, row.pieces, failures)
        return row.number, queue, due, checksum, failures


def _insert(
    cursor: sqlite3.Cursor, columns: str, width: int, values: Sequence[Value]
) -> None:
    for part in chunks(values, width):
        rows = tuples(len(part) // width, width)
        cursor.execute(f"INSERT INTO jobs({columns}) {rows}", part)


def _update(cursor: sqlite3.Cursor, values: Sequence[Value]) -> None:
    """Set the state of rows: number, queue, due time, checksum and failures each."""
    for part in chunks(values, _STATE_WIDTH):
        rows = tuples(len(part) // _STATE_WIDTH, _STATE_WIDTH)
        cursor.execute(
            "UPDATE jobs SET queue = column2, due = column3, sum = column4, "
            "failures = column5 "
            f"FROM ({rows}) WHERE number = column1",
            part,
        )


def _key_of(row: Row) -> int | None:
    """Return the digest of the key of a job, None if it has none."""
    if row.head is None or not row.is_whole():
        return None
    key = unpack_head(row.number, row.head, b"")[0].key
    return digest(key) if key else None
