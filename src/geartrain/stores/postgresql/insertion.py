"""New jobs of a PostgreSQL store: a statement for all of them.

PostgreSQL says how many of them it has inserted, and is asked which only where it has
left some out. What they add to the tally is counted here: to have each row returned,
and summed up there, takes a tenth of the time of the whole transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.records import JobRecord
from geartrain.errors import StoreError
from geartrain.stores.job_packing import bits_of, pack_failures, pack_head, size_of
from geartrain.stores.postgresql.arrays import bigints, byteas, smallints, uuids
from geartrain.stores.postgresql.keys import key_of
from geartrain.stores.postgresql.session import DatabaseSession, Unanswered

__all__ = ["LONGEST_NAME", "Insertion", "leave_out_giants"]

LONGEST_NAME: Final = 2048
"""The bytes that a function's name may have: an index takes 2,704 with the flow key."""

# PostgreSQL takes no value of 1 GB, which the array around it counts for.
_LARGEST: Final = 1_000_000_000

# Bytes of workloads in one statement, and jobs: PostgreSQL inserts those of one while
# the next is put together. Of batches of 1,000 on two cores that takes a fifth of the
# time, and no CPU; with 100 it takes some.
_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_JOBS: Final = 250
_ADD: Final = (
    "INSERT INTO @job(number, due, claim, size, lane, priority, key, function,"
    " queue_key, head, failures, workload) SELECT number, due, claim, size,"
    " %s::smallint, priority, key, function, queue_key, head, failures, workload"
    " FROM unnest(%s::int8[], %s::int8[], %s::uuid[], %s::bytea[], %s::bytea[],"
    " %s::int8[], %s::int8[], %s::smallint[], %s::bytea[], %s::bytea[], %s::bytea[])"
    " AS new(number, size, key, head, workload, due, claim, priority, function,"
    " queue_key, failures)"
)
# Jobs of one queue that are ready and new: arrays of what is the same for all would be
# a tenth of the time of the statement.
_ADD_ALIKE: Final = (
    "INSERT INTO @job(number, due, claim, size, lane, priority, key, function,"
    " queue_key, head, workload) SELECT number, 0, 0, size, %s::smallint,"
    " %s::smallint, key, %s::bytea, %s::bytea, head, workload FROM unnest(%s::int8[],"
    " %s::int8[], %s::uuid[], %s::bytea[], %s::bytea[])"
    " AS new(number, size, key, head, workload)"
)
_UNLESS_HELD: Final = (
    " ON CONFLICT (key, claim) WHERE key IS NOT NULL AND NOT is_dead DO NOTHING"
)
# Those of this transaction: a job that is left out may have a number that is kept.
_INSERTED: Final = (
    "SELECT number FROM @job WHERE number = ANY(%s::int8[])"
    " AND xmin = pg_current_xact_id()::xid"
)
_COUNT: Final = (
    "INSERT INTO @tally(lane, serial, priority, ready, delayed, dead, function,"
    " queue_key) SELECT %s::smallint, %s::int8, priority, ready, delayed, 0, function,"
    " queue_key FROM unnest(%s::smallint[], %s::int8[], %s::int8[], %s::bytea[],"
    " %s::bytea[]) AS new(priority, ready, delayed, function, queue_key)"
)


class Insertion:
    """New jobs of one transaction, which are counted here: no row is asked back."""

    def __init__(self, session: DatabaseSession, lane: int, serial: int) -> None:
        self._session = session
        self._lane = lane
        self._serial = serial
        # Ready and delayed jobs by priority, function and queue key.
        self._counts: dict[tuple[int, bytes, bytes], list[int]] = {}

    def add(self, records: Sequence[JobRecord]) -> None:
        """Send what inserts jobs that hold no key."""
        for part in _parts(records):
            self._send(part, is_claiming=False)
        self._count(records)

    def claim(self, records: Sequence[JobRecord]) -> list[JobRecord]:
        """Insert jobs that are to hold their keys; return those that cannot.

        Raises:
            StoreError: two have the same number.
        """
        sent = [(part, self._send(part, is_claiming=True)) for part in _parts(records)]
        if sent:
            self._session.sync()
        left = [each for part, done in sent for each in self._left_out(part, done)]
        refused = {each.number for each in left}
        self._count([each for each in records if each.number not in refused])
        return left

    def _left_out(
        self, records: Sequence[JobRecord], insertion: Unanswered
    ) -> list[JobRecord]:
        missing = len(records) - insertion.count()
        if not missing:
            return []
        rows = self._session.ask(_INSERTED, bigints([each.number for each in records]))
        inserted = {number for (number,) in rows}
        left = [each for each in records if each.number not in inserted]
        if len(left) != missing:
            raise StoreError("two jobs have the same number")
        return left

    def _count(self, records: Iterable[JobRecord]) -> None:
        counts = self._counts
        for record in records:
            queue = (record.priority, record.function, record.queue_key)
            counts.setdefault(queue, [0, 0])[record.due > 0] += 1

    def settle(self) -> None:
        """Append to the tally what was inserted."""
        if not self._counts:
            return
        priorities, functions, queue_keys = zip(*self._counts, strict=True)
        ready, delayed = zip(*self._counts.values(), strict=True)
        self._session.send(
            _COUNT,
            self._lane,
            self._serial,
            smallints(priorities),
            bigints(ready),
            bigints(delayed),
            byteas(functions),
            byteas(queue_keys),
        )

    def _send(self, records: Sequence[JobRecord], *, is_claiming: bool) -> Unanswered:
        workloads = [
            b"".join((each.workload, *each.more)) if each.more else each.workload
            for each in records
        ]
        heads = [pack_head(*each) for each in zip(records, workloads, strict=True)]
        keys = [
            key_of(each.function, each.key) if each.key else None for each in records
        ]
        numbers = bigints([each.number for each in records])
        own = numbers, bigints([*map(len, workloads)]), uuids(keys)
        blobs = byteas(heads), byteas(workloads)
        unless = _UNLESS_HELD if is_claiming else ""
        first = records[0]
        if (is_claiming or not any(keys)) and _are_alike(records):
            same = first.priority, first.function, first.queue_key
            text = _ADD_ALIKE + unless
            return self._session.send(text, self._lane, *same, *own, *blobs)
        claims = [0 if is_claiming or not each.key else each.number for each in records]
        return self._session.send(
            _ADD + unless,
            self._lane,
            *own,
            *blobs,
            bigints([bits_of(each.due, each.is_steady) for each in records]),
            bigints(claims),
            smallints([each.priority for each in records]),
            byteas([each.function for each in records]),
            byteas([each.queue_key for each in records]),
            byteas([pack_failures(each.failures, 0.0) for each in records]),
        )


def _are_alike(records: Sequence[JobRecord]) -> bool:
    """Tell whether jobs are ready, have not been attempted, and are of one queue."""
    first = records[0]
    function, queue_key, priority = first.function, first.queue_key, first.priority
    return all(
        each.function == function
        and each.queue_key == queue_key
        and each.priority == priority
        and each.due <= 0
        and each.failures is None
        for each in records
    )


def _parts(records: Sequence[JobRecord]) -> Iterable[Sequence[JobRecord]]:
    """Cut jobs into parts that are a statement each."""
    start = size = 0
    for place, record in enumerate(records):
        more = size_of(record)
        is_full = size + more > _MOST_BYTES or place - start == _MOST_JOBS
        if is_full and place > start:
            yield records[start:place]
            start, size = place, 0
        size += more
    if start < len(records):
        yield records[start:]


def leave_out_giants(batch: Batch) -> None:
    """Refuse jobs that are larger than any value, or any key, of PostgreSQL."""
    for record in batch.added:
        if record.more or len(record.function) > LONGEST_NAME:
            reason = _why_not(record)
            if reason:
                batch.refusals[record.number] = reason
    if batch.refusals:
        refused = batch.refusals
        batch.added = [each for each in batch.added if each.number not in refused]


def _why_not(record: JobRecord) -> str:
    """Return why a job is too large; empty if it is not."""
    if len(record.function) > LONGEST_NAME:
        return (
            f"PostgreSQL indexes names of up to {LONGEST_NAME} bytes, and the name of"
            f" this function has {len(record.function)}"
        )
    size = size_of(record)
    if size > _LARGEST:
        return f"PostgreSQL takes no value of 1 GB, and this job has {size} bytes"
    return ""
