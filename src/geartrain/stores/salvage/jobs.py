"""The jobs and dead letters of a store that may be damaged."""

from __future__ import annotations

import codecs
import sqlite3
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import unpack_head
from geartrain.stores.salvage.queues import KeptQueues
from geartrain.stores.salvage.scan import Numbers, Scan, both_ways
from geartrain.stores.salvage.scan import Row as Columns
from geartrain.stores.sqlite.damage import DamageError
from geartrain.stores.sqlite.file import ERRORS
from geartrain.stores.sqlite.reading import Reader
from geartrain.stores.sqlite.rows import Row

__all__ = ["JOB_COLUMNS", "KeptJob", "KeptJobs"]

JOB_COLUMNS: Final = "number, queue, due, sum, pieces, failures, head, workload, key"
"""The columns of the rows of jobs, in this order."""

_WAITING: Final = "SELECT number FROM jobs INDEXED BY waiting"
_PIECES: Final = "SELECT rowid FROM pieces WHERE number = ? ORDER BY position"
_PIECE: Final = (
    "SELECT number, position, sum, data FROM pieces NOT INDEXED WHERE rowid = ?"
)

# The number of losses that are named one by one.
_MOST_TOLD: Final = 1000
# Where the highest number is lost, jobs are looked for up to so many numbers on.
_MOST_GUESSED: Final = 1 << 16


class KeptJob(NamedTuple):
    """A job, or a dead letter, that is as it was written.

    Attributes:
        record: the job; of a workload that lies in pieces it has none.
        row: its row.
        key: the digest that its row has.
        is_text: whether its workload is UTF-8.
    """

    record: JobRecord
    row: Row
    key: object
    is_text: bool


class KeptJobs:
    """One reading of all jobs and dead letters.

    Attributes:
        lost: after the reading, how many are known to be unreadable.
        missing: how many cannot be read, by ``lost`` or by the store's own counts.
        losses: a sentence for each lost number, up to a thousand.
        leftovers: a sentence for each workload that belongs to no job.
        reason: why the table could not be read from front to back; empty if it could.
    """

    def __init__(self, connection: sqlite3.Connection, kept: KeptQueues) -> None:
        self._connection = connection
        self._kept = kept
        self._reader = Reader(connection, kept.queues)
        self._scan = Scan(connection, "jobs", "number", JOB_COLUMNS)
        found = both_ways(connection, "SELECT DISTINCT number FROM pieces", "number")
        # Damage may make anything of a number.
        self._in_pieces = {number for (number,) in found if type(number) is int}
        self._bad = Numbers()
        self.lost = 0
        self.missing = 0
        self.losses: dict[int, str] = {}
        self.leftovers: list[str] = []
        self.reason = ""

    def jobs(self) -> Iterator[KeptJob]:
        """Return each that can be read, in the order of numbers if all can be."""
        for columns in self._scan.rows():
            yield from self._take(columns)
        self.reason = self._scan.reason
        expected = self._kept.expected()
        if self.reason or self._scan.count != expected:
            yield from self._search()
        self.missing = max(self.lost, (expected or 0) - self._scan.count)
        self._note_leftovers()

    def found_on(self, rows: Iterator[Columns]) -> Iterator[KeptJob]:
        """Return those of the jobs that could not be read which are in other rows."""
        before = self._scan.count
        for columns in rows:
            if columns[0] in self._bad and not self._scan.has(columns[0]):
                yield from self._take(columns)
        found = self._scan.count - before
        self.missing = max(self.lost, self.missing - found)

    def workload(self, job: KeptJob) -> Iterator[bytes]:
        """Return the workload of a job, a piece at a time.

        Raises:
            DamageError: it is not as it was written.
        """
        return self._workload(job.row)

    def _search(self) -> Iterator[KeptJob]:
        """Look up what indexes say there is, and what may be between damaged pages."""
        indexed = both_ways(self._connection, _WAITING, "queue", "due", "number")
        for numbers in (indexed, [(number,) for number in self._in_pieces]):
            for (number,) in numbers:
                if type(number) is int and not self._scan.has(number):
                    yield from self._look_up(number)
        if self._scan.hole is not None:
            low, high = self._scan.hole
            high = min(high, self._highest())
            for columns in self._scan.probe(max(low, 1), high):
                yield from self._take(columns)

    def _look_up(self, number: int) -> Iterator[KeptJob]:
        columns = self._scan.find(number)
        if columns is None:
            self._lose(number, f"job {number} is lost: its row cannot be read")
        else:
            yield from self._take(columns)

    def _highest(self) -> int:
        """Return a number that no job is behind, as far as this can be told."""
        found = both_ways(
            self._connection, "SELECT value FROM meta WHERE name = 'reserved'", "name"
        )
        reserved = [value for (value,) in found if type(value) is int]
        known = max((*reserved, *self.losses, *self._in_pieces), default=0)
        return known if reserved else known + self._scan.count + _MOST_GUESSED

    def _take(self, columns: Columns) -> Iterator[KeptJob]:
        """Return a row as a job if it is as it was written."""
        number = columns[0]
        try:
            job = self._examine(columns)
        except DamageError as error:
            self._lose(number, str(error))
            return
        self._scan.keep(number)
        if number in self._bad:
            self._bad.discard(number)
            self.losses.pop(number, None)
            self.lost -= 1
        yield job

    def _lose(self, number: int, sentence: str) -> None:
        if number in self._bad:
            return
        self._bad.add(number)
        self.lost += 1
        if len(self.losses) < _MOST_TOLD:
            self.losses[number] = sentence

    def _examine(self, columns: Columns) -> KeptJob:
        row = _row(columns)
        number = row.number
        if abs(row.queue) not in self._kept.queues.by_id:
            raise DamageError(
                f"job {number} is lost: of its function nothing is known but the "
                f"number {abs(row.queue)}"
            )
        try:
            record = self._reader.head(row)
        except DamageError as error:
            raise DamageError(f"job {number} is lost: its row is damaged") from error
        try:
            is_text = _is_text(self._workload(row))
        except DamageError as error:
            name = record.handle.decode(errors="replace")
            raise DamageError(
                f"job {number}, {name}, is lost: {error} is damaged"
            ) from error
        return KeptJob(record, row, columns[8], is_text)

    def _workload(self, row: Row) -> Iterator[bytes]:
        _, checksum = unpack_head(row.number, row.head or b"", b"")
        if row.workload is None or crc32(row.workload) != checksum:
            raise DamageError("its workload")
        if bool(row.pieces) != (row.number in self._in_pieces):
            raise DamageError("the number of pieces of its workload")
        if not row.pieces:
            yield row.workload
            return
        size = 0
        for piece in self._pieces(row.number):
            size += len(piece)
            yield piece
        if size != row.pieces:
            raise DamageError("the number of pieces of its workload")

    def _pieces(self, number: int) -> Iterator[bytes]:
        try:
            places = self._connection.execute(_PIECES, (number,)).fetchall()
            for position, place in enumerate(places):
                row = self._connection.execute(_PIECE, place).fetchone()
                yield _piece(row, number, position)
        except DamageError:
            raise
        except ERRORS as error:
            raise DamageError("a piece of its workload") from error

    def _note_leftovers(self) -> None:
        """Note pieces of workloads that no job has."""
        for number in self._in_pieces:
            if not self._scan.has(number) and number not in self._bad:
                self.leftovers.append(
                    f"a workload is left of job {number}, which is not kept: "
                    "nothing is lost"
                )


def _row(columns: Columns) -> Row:
    """Return a row; what is no integer where one belongs is 0, which seals nothing."""
    number, queue, due, checksum, pieces = (
        each if type(each) is int else 0 for each in columns[:5]
    )
    failures, head, workload = (
        each if type(each) is bytes else None for each in columns[5:8]
    )
    return Row(
        number=number,
        queue=queue,
        due=due,
        sum=checksum,
        pieces=pieces,
        length=len(workload or b""),
        failures=failures,
        head=head,
        workload=workload,
    )


def _piece(row: Columns | None, number: int, position: int) -> bytes:
    """Return the piece in a row, which is to be this one."""
    if row is not None and row[:2] == (number, position):
        data = row[3]
        if isinstance(data, bytes) and crc32(data, position) == row[2]:
            return data
    raise DamageError("a piece of its workload")


def _is_text(pieces: Iterator[bytes]) -> bool:
    """Tell whether pieces are UTF-8 together; look at all of them in any case."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_text = True
    for piece in pieces:
        try:
            if is_text:
                decoder.decode(piece)
        except UnicodeDecodeError:
            is_text = False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return is_text
