"""Jobs as rows of PostgreSQL, read: single ones, pages, and lists."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from zlib import crc32

from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
    Query,
)
from geartrain.engine.records import JobRecord
from geartrain.errors import StoreError
from geartrain.stores.job_packing import (
    STEADY,
    bits_of,
    due_of,
    fill_failures,
    unpack_head,
)
from geartrain.stores.postgresql.arrays import smallints
from geartrain.stores.postgresql.keys import key_range
from geartrain.stores.postgresql.session import DatabaseSession, Row
from geartrain.stores.slices import LAST, due_ranges
from geartrain.texts import quoted

__all__ = [
    "fill_due_page",
    "fill_page",
    "find_job",
    "find_key",
    "list_dead",
    "list_jobs",
]

# Bytes of workloads on one page, unless a single job has more.
_MOST_BYTES: Final = 8 * 1024 * 1024

_COLUMNS: Final = "number, priority, function, queue_key, due, size, head, failures"
_QUEUE: Final = (
    "job.lane = mine.lane AND function = %s AND priority = %s::smallint"
    " AND queue_key = %s AND NOT is_dead"
)


def _of_lanes(columns: str, condition: str, order: str) -> str:
    """Return what finds the first rows of several lanes in one order.

    An index has the rows of each lane in order, but not those of all.
    """
    return (
        f"SELECT found.* FROM unnest(%s::smallint[]) AS mine(lane) CROSS JOIN LATERAL"
        f" (SELECT {columns} FROM @job AS job WHERE {condition}"
        f" ORDER BY {order} LIMIT %s) AS found ORDER BY {order} LIMIT %s"
    )


def _ready(columns: str) -> str:
    """Return what finds the first ready jobs of a queue in several lanes.

    Rows are compared, so that only the index of ready jobs has them in this order.
    Where lane and queue are to be equal, PostgreSQL takes the numbers' own index, and
    walks over the jobs of all other lanes to find a thousand of one that has few.
    """
    queue = "job.lane, job.function, job.priority, job.queue_key"
    start = "mine.lane, start.function, start.priority, start.queue_key"
    return (
        "SELECT found.* FROM unnest(%s::smallint[]) AS mine(lane) CROSS JOIN (VALUES"
        " (%s::bytea, %s::smallint, %s::bytea, %s::int8)) AS start(function, priority,"
        f" queue_key, number) CROSS JOIN LATERAL (SELECT {columns} FROM @job AS job"
        f" WHERE due = 0 AND NOT is_dead AND ({queue}, job.number)"
        f" > ({start}, start.number) AND ({queue}) <= ({start})"
        f" ORDER BY {queue}, job.number LIMIT %s) AS found ORDER BY number LIMIT %s"
    )


def _page(inner: str, order: str) -> str:
    """Return what reads workloads of some bytes, and passes over larger ones."""
    large = "%s > 0 AND size > %s"
    return (
        f"SELECT {_COLUMNS}, CASE WHEN {large} THEN NULL ELSE workload END FROM ("
        f"SELECT *, sum(CASE WHEN {large} THEN 0 ELSE size END) OVER (ORDER BY {order}"
        f" ROWS UNBOUNDED PRECEDING) - size AS before FROM ({inner}) AS few) AS page"
        f" WHERE before < {_MOST_BYTES} ORDER BY {order}"
    )


_READY_PAGE: Final = _page(_ready(f"{_COLUMNS}, workload"), "number")
_DUE_PAGE: Final = _page(
    _of_lanes(
        f"{_COLUMNS}, workload",
        f"{_QUEUE} AND (due, number) > (%s, %s) AND due > 0 AND due <= %s",
        "due, number",
    ),
    "due, number",
)
_NEXT_DUE: Final = _of_lanes(
    "due", f"{_QUEUE} AND due > greatest(0, %s) AND due <= %s", "due"
)
_READY: Final = _ready(_COLUMNS)
_DUE: Final = _of_lanes(
    _COLUMNS,
    f"{_QUEUE} AND due > 0 AND (due, number) > (%s, %s) AND due < %s",
    "due, number",
)
_WORKLOADS: Final = {
    "none": "NULL::bytea",
    "first": "substr(workload, 1, %s::int4)",
    "all": "workload",
}


def _next_queue(state: str, of_function: str) -> str:
    queue = "function, priority, queue_key"
    return (
        "SELECT found.* FROM unnest(%s::smallint[]) AS mine(lane) CROSS JOIN LATERAL"
        f" (SELECT {queue} FROM @job AS job WHERE {state} AND NOT is_dead"
        f" AND job.lane = mine.lane {of_function}"
        f" AND ({queue}) > (%s, %s::smallint, %s) ORDER BY job.lane, {queue} LIMIT 1)"
        f" AS found ORDER BY {queue} LIMIT 1"
    )


def fill_page(session: DatabaseSession, lanes: Sequence[int], query: Page) -> None:
    """Answer a query for the ready jobs of a queue."""
    after = query.after
    while not query.records:
        rows = session.ask(
            _READY_PAGE,
            *[query.largest] * 4,
            smallints(lanes),
            *(query.function, query.priority, query.queue_key, after),
            *[query.most] * 2,
        )
        if not rows:
            return
        _fill(query, rows)
        after = rows[-1][0]


def fill_due_page(
    session: DatabaseSession, lanes: Sequence[int], query: DuePage
) -> None:
    """Answer a query for the jobs of a queue whose due time has come."""
    due, number = bits_of(query.after[0], query.is_steady), query.after[1]
    until = bits_of(query.until, query.is_steady)
    first, last = (STEADY, LAST) if query.is_steady else (0, STEADY - 1)
    queue = query.function, query.priority, query.queue_key
    following = session.ask(
        _NEXT_DUE, smallints(lanes), *queue, max(until, first - 1), last, 1, 1
    )
    query.next_due = due_of(following[0][0])[0] if following else 0.0
    if due == 0:
        # Skip the jobs that are due by the other clock.
        due, number = first - 1, LAST
    while not query.records:
        rows = session.ask(
            _DUE_PAGE,
            *[query.largest] * 4,
            smallints(lanes),
            *(*queue, due, number, until),
            *[query.most] * 2,
        )
        if not rows:
            return
        _fill(query, rows)
        due, number = rows[-1][4], rows[-1][0]


def _fill(query: Page | DuePage, rows: Iterable[Row]) -> None:
    for row in rows:
        if query.largest and row[5] > query.largest:
            query.oversized.append(row[0])
        else:
            _take(query, query.records, row)


def find_job(
    session: DatabaseSession,
    lanes: Sequence[int],
    query: FindJob | FindDead,
    *,
    is_dead: bool,
) -> None:
    """Answer a query for a job, or a dead letter, by its number."""
    how = "all"
    values: list[object] = []
    if not query.with_workload:
        how = "none"
    elif query.first:
        how, values = "first", [query.first]
    state = "is_dead" if is_dead else "NOT is_dead"
    values.append(query.number)
    if not query.is_anywhere:
        state += " AND lane = ANY(%s::smallint[])"
        values.append(smallints(lanes))
    rows = session.ask(
        f"SELECT {_COLUMNS}, {_WORKLOADS[how]} FROM @job WHERE number = %s AND {state}",
        *values,
    )
    found: list[JobRecord] = []
    for row in rows:
        _take(query, found, row, is_whole=how == "all")
    query.record = found[0] if found else None


def find_key(session: DatabaseSession, lanes: Sequence[int], query: FindKey) -> None:
    """Answer a query for a job by its key."""
    first, last = key_range(query.key)
    for row in session.ask(
        f"SELECT {_COLUMNS}, NULL::bytea FROM @job WHERE key >= %s::uuid"
        " AND key <= %s::uuid AND NOT is_dead AND lane = ANY(%s::smallint[])"
        " ORDER BY key, claim",
        first.hex(),
        last.hex(),
        smallints(lanes),
    ):
        found: list[JobRecord] = []
        _take(query, found, row, is_whole=False)
        for record in found:
            is_other = record.number != query.other and record.key == query.key
            if is_other and query.function in (None, record.function):
                query.record = record
                return


def list_dead(session: DatabaseSession, lanes: Sequence[int], query: ListDead) -> None:
    """Answer a query for dead letters, in the order of their numbers."""
    after, order, direction = query.after, "number", ">"
    if query.is_backward:
        after, order, direction = after or LAST, "number DESC", "<"
    condition = f"job.lane = mine.lane AND is_dead AND number {direction} %s"
    values: list[object] = [after]
    if query.function is not None:
        condition += " AND function = %s"
        values.append(query.function)
    text = _of_lanes(f"{_COLUMNS}, NULL::bytea", condition, order)
    for row in session.ask(text, smallints(lanes), *values, query.most, query.most):
        _take(query, query.records, row, is_whole=False)


# Priority, due time and number of the last that was listed, its function and key.
_TOKEN: Final = re.compile(rb"(\d{1,2}) (\d{1,19}) (\d{1,19}) ([0-9a-f]*) ([0-9a-f]*)")
# Maximum of queues looked at for one slice, and of queues in each lane.
_MOST_QUEUES: Final = 100
_MOST_LOOKS: Final = 2000


class _Place(NamedTuple):
    """Where a slice of the list of jobs ended."""

    priority: int
    due: int
    number: int
    function: bytes
    queue_key: bytes

    def token(self) -> bytes:
        return b"%d %d %d %s %s" % (
            *self[:3],
            self.function.hex().encode(),
            self.queue_key.hex().encode(),
        )


def list_jobs(session: DatabaseSession, lanes: Sequence[int], query: ListJobs) -> None:
    """Answer a query for jobs, in the order of queue, due time and number.

    Not in that of lanes, since jobs are moved from one to another (``emptying``).

    Raises:
        StoreError: ``after`` is not from a slice of this list.
    """
    place = _place(query.after)
    is_within = bool(query.after)
    for _ in range(max(2, min(_MOST_QUEUES, _MOST_LOOKS // len(lanes)))):
        if not is_within:
            following = _following(session, lanes, query, place)
            if following is None:
                return
            place = following
        is_within = False
        last = _list_queue(session, lanes, query, place)
        if last is not None:
            query.following = last.token()
            return
    query.following = place._replace(due=LAST, number=LAST).token()


def _place(token: bytes) -> _Place:
    if not token:
        return _Place(-1, 0, 0, b"", b"")
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise StoreError(f"{quoted(token)} is no place in a list: begin without one")
    *numbers, function, key = found.groups()
    priority, due, number = map(int, numbers)
    names = bytes.fromhex(function.decode()), bytes.fromhex(key.decode())
    return _Place(priority, due, number, *names)


def _following(
    session: DatabaseSession, lanes: Sequence[int], query: ListJobs, place: _Place
) -> _Place | None:
    """Return the beginning of the queue with jobs that follows one."""
    of_function, function = "", list[bytes]()
    if query.function is not None:
        of_function, function = "AND function = %s", [query.function]
    values = *function, place.function, place.priority, place.queue_key
    found = [
        row
        for state in ("due = 0", "due > 0")
        for row in session.ask(
            _next_queue(state, of_function), smallints(lanes), *values
        )
    ]
    if found:
        name, priority, key = min(found)
        return _Place(priority, 0, 0, name, key)
    return None


def _list_queue(
    session: DatabaseSession, lanes: Sequence[int], query: ListJobs, place: _Place
) -> _Place | None:
    """List the jobs of one queue; return where to go on if there may be more."""
    queue = place.function, place.priority, place.queue_key
    due, number, these = place.due, place.number, smallints(lanes)
    for least, until in due_ranges(query):
        if due < least:
            due, number = least, 0
        if due >= until:
            continue
        if due == 0:
            most = query.most - len(query.records)
            rows = session.ask(_READY, these, *queue, number, most, most)
            if (last := _listed(query, rows, place)) is not None:
                return last
            due, number = 1, 0
        most = query.most - len(query.records)
        # A place is behind a job: before the first of this time it is none.
        at = (due, number) if number else (due - 1, LAST)
        rows = session.ask(_DUE, these, *queue, *at, until, most, most)
        if (last := _listed(query, rows, place)) is not None:
            return last
    return None


def _listed(query: ListJobs, rows: Sequence[Row], place: _Place) -> _Place | None:
    """List jobs; return where the last one is if the slice is full."""
    for row in rows:
        _take(query, query.records, (*row, None), is_whole=False)
    if rows and len(query.records) + len(query.damaged) >= query.most:
        return place._replace(due=rows[-1][4], number=rows[-1][0])
    return None


def _take(
    query: Query, records: list[JobRecord], row: Row, *, is_whole: bool = True
) -> None:
    """Add the job in a row to others, or its number to those that are damaged."""
    number, priority, function, queue_key, due, size, head, failures, workload = row
    try:
        record, checksum = unpack_head(number, head, function)
        if failures is not None:
            fill_failures(record, failures)
    except (ValueError, IndexError, struct.error):
        query.damaged.append(number)
        return
    if is_whole and crc32(workload) != checksum:
        query.damaged.append(number)
        return
    record.priority, record.queue_key, record.size = priority, queue_key, size
    if due:
        record.due, record.is_steady = due_of(due)
    record.workload = workload or b""
    records.append(record)
