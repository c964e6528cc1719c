"""Rows of jobs, read and made into records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import Any, Final
from zlib import crc32

from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    Page,
)
from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import (
    STEADY,
    bits_of,
    digest,
    due_of,
    fill_failures,
    unpack_head,
)
from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.pieces import MOST_INLINE, WORKLOAD, Pieces
from geartrain.stores.mysql.statements import among
from geartrain.stores.plan import KeptRow
from geartrain.stores.queues import Queue, Queues
from geartrain.stores.slices import LAST

__all__ = ["HEADS", "Reader", "kept_rows"]

HEADS: Final = "number, queue, due, size, failures, head"
"""The columns that ``Reader.head`` takes."""

# Bytes of workloads in one page; the job with which they are more is in it.
_MOST_BYTES: Final = 4 * 1024 * 1024


class Reader:
    """Reads jobs over one connection."""

    def __init__(
        self,
        connection: MysqlConnection,
        prefix: str,
        queues: Queues[Queue],
        pieces: Pieces,
    ) -> None:
        self._connection = connection
        self._jobs = f"{prefix}jobs"
        self._queues = queues
        self._pieces = pieces

    def kept(self, numbers: Iterable[int]) -> list[str]:
        """Return the statements whose rows ``KeptRow`` takes."""
        where = f"SELECT number, queue, due, size FROM {self._jobs} WHERE number"
        return list(among(where, numbers))

    def twins(self, keys: Iterable[bytes]) -> list[str]:
        """Return the statements that read heads of jobs that may have these keys."""
        where = f"SELECT {HEADS} FROM {self._jobs} WHERE digest"
        return [f"{each} AND queue > 0" for each in among(where, map(digest, keys))]

    def find(self, query: FindJob | FindDead, *, is_dead: bool) -> JobRecord | None:
        """Return a job, or a dead letter; None if it is not kept."""
        columns = f"{HEADS}, workload" if query.with_workload else HEADS
        rows = self._connection.rows(
            f"SELECT {columns} FROM {self._jobs} WHERE number = {query.number}"
            f" AND queue {'<' if is_dead else '>'} 0"
        )
        if not rows:
            return None
        if query.with_workload:
            return self._record(rows[0], query.first)
        return self.head(rows[0])

    def find_key(self, query: FindKey) -> JobRecord | None:
        """Return a job with a key, without its workload; None if there is none."""
        for answer in self._connection.run(self.twins([query.key])):
            for record in self.heads(answer.rows)[0]:
                if record.key != query.key or record.number == query.other:
                    continue
                if query.function in (None, record.function):
                    return record
        return None

    def fill_page(self, queue: Queue, query: Page) -> None:
        """Answer a query for the ready jobs of a queue."""
        number = query.after
        while not query.records:
            place = self._fill(query, queue, (0, number), 0)
            if place is None:
                return
            number = place[1]

    def fill_due_page(self, queue: Queue, query: DuePage) -> None:
        """Answer a query for the jobs of a queue whose due time has come."""
        due, number = bits_of(query.after[0], query.is_steady), query.after[1]
        until = bits_of(query.until, query.is_steady)
        query.next_due = self.next_due(queue, until, query.is_steady)
        if due == 0:
            # Skip the jobs without a due time, and those due by the other clock.
            due, number = STEADY - 1 if query.is_steady else 0, LAST
        while not query.records:
            place = self._fill(query, queue, (due, number), until)
            if place is None:
                return
            due, number = place

    def following(
        self, columns: str, queue: int, after: tuple[int, int], until: int, most: int
    ) -> list[Any]:
        """Return the next rows of a queue behind a due time and number.

        Two statements, since each finds its first row by the index: a condition for
        both has the server look at all rows with the same due time before it.
        """
        due, number = after
        select = f"SELECT {columns} FROM {self._jobs} FORCE INDEX (waiting)"
        rows = list(
            self._connection.rows(
                f"{select} WHERE queue = {queue} AND due = {due} AND number > {number}"
                f" ORDER BY number LIMIT {most}"
            )
        )
        if len(rows) < most and due < until:
            rows += self._connection.rows(
                f"{select} WHERE queue = {queue} AND due > {due} AND due <= {until}"
                f" ORDER BY due, number LIMIT {most - len(rows)}"
            )
        return rows

    def next_due(self, queue: Queue, after: int, is_steady: bool) -> float:
        """Return the earliest due time by a clock after one as bits; 0 for none."""
        first, last = (STEADY, LAST) if is_steady else (0, STEADY - 1)
        found = self._connection.rows(
            f"SELECT MIN(due) FROM {self._jobs} WHERE queue = {queue.id}"
            f" AND due > {max(after, first - 1)} AND due <= {last}"
        )[0][0]
        return due_of(found)[0] if found else 0.0

    def _fill(
        self, query: Page | DuePage, queue: Queue, after: tuple[int, int], until: int
    ) -> tuple[int, int] | None:
        """Add the next jobs to a page.

        Returns the due time and number of the last that was looked at; None if there
        was none.
        """
        columns = "number, due, size"
        found = self.following(columns, queue.id, after, until, query.most)
        if not found:
            return None
        if query.largest:
            large = [number for number, _, size in found if size > query.largest]
            query.oversized += large
            left_out = set(large)
            wanted = [row for row in found if row[0] not in left_out]
        else:
            wanted = list(found)
        before = accumulate((row[2] for row in wanted), initial=0)
        most = sum(each < _MOST_BYTES for each in islice(before, len(wanted)))
        last = found[-1] if most == len(wanted) else wanted[most - 1]
        records, damaged = self.records([row[0] for row in wanted[:most]])
        query.records += records
        query.damaged += damaged
        return last[1], last[0]

    def records(self, numbers: Sequence[int]) -> tuple[list[JobRecord], list[int]]:
        """Return jobs with their workloads in the order of the numbers given.

        The second list has the numbers of those that cannot be read.
        """
        rows = {
            row[0]: row
            for answer in self._connection.run(
                among(
                    f"SELECT {HEADS}, workload FROM {self._jobs} WHERE number", numbers
                )
            )
            for row in answer.rows
        }
        records: list[JobRecord] = []
        damaged: list[int] = []
        for number in numbers:
            try:
                records.append(self._record(rows[number]))
            except (KeyError, ValueError):
                damaged.append(number)
        return records, damaged

    def heads(self, rows: Iterable[Sequence[Any]]) -> tuple[list[JobRecord], list[int]]:
        """Return the jobs in rows, without workloads, and the numbers of bad ones."""
        records: list[JobRecord] = []
        damaged: list[int] = []
        for row in rows:
            try:
                records.append(self.head(row))
            except ValueError:
                damaged.append(row[0])
        return records, damaged

    def head(self, row: Sequence[Any]) -> JobRecord:
        """Return the job in a row, without its workload.

        Raises:
            ValueError: it is not as it was written.
        """
        return self._head(row)[0]

    def _record(self, row: Sequence[Any], first: int = 0) -> JobRecord:
        record, checksum = self._head(row)
        workload, size = row[6], row[3]
        if size > MOST_INLINE:
            least = min(first, size) if first else size
            pieces = self._pieces.read(self._connection, WORKLOAD, record.number, least)
            if sum(map(len, pieces)) < least:
                raise ValueError(f"a piece of job {record.number} is missing")
            record.workload, record.more = pieces[0], pieces[1:]
        elif crc32(workload) == checksum:
            record.workload = workload
        else:
            raise ValueError(f"the workload of job {record.number} is damaged")
        return record

    def _head(self, row: Sequence[Any]) -> tuple[JobRecord, int]:
        number, queue_id, due, size, failures, head = row[:6]
        queue = self._queues.by_id.get(abs(queue_id))
        if queue is None:
            raise ValueError(f"job {number} is of an unknown queue")
        record, checksum = unpack_head(number, head, queue.function)
        record.priority = queue.priority
        record.queue_key = queue.key
        record.size = size
        if due:
            record.due, record.is_steady = due_of(due)
        if failures is not None:
            fill_failures(record, failures)
        return record, checksum


def kept_rows(rows: Iterable[Sequence[int]]) -> dict[int, KeptRow]:
    """Return what ``kept`` finds, by numbers."""
    return {row[0]: KeptRow._make(row) for row in rows}
