"""What a PostgreSQL store keeps, read when it is opened or when lanes are inherited."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from geartrain.engine.inventory import LANES, Inventory, QueueInventory
from geartrain.stores.job_packing import STEADY, due_of, unpack_head
from geartrain.stores.postgresql.arrays import Array, smallints
from geartrain.stores.postgresql.common import read_progress
from geartrain.stores.postgresql.endings import last_ending
from geartrain.stores.postgresql.entry_keys import unpack_entry
from geartrain.stores.postgresql.insertion import LONGEST_NAME
from geartrain.stores.postgresql.ownership import Ownership
from geartrain.stores.postgresql.session import DatabaseSession, Row
from geartrain.stores.postgresql.transaction import CommitProgress
from geartrain.stores.schedule_packing import unpack_schedule
from geartrain.stores.slices import LAST

__all__ = ["gather", "read_inventory", "read_lanes", "ready_again"]

_QUEUES: Final = (
    "SELECT function, priority::int8, queue_key, sum(ready)::int8, sum(delayed)::int8,"
    " sum(dead)::int8 FROM @tally WHERE lane = ANY(%s::smallint[]) GROUP BY 1, 2, 3"
    " HAVING sum(ready) <> 0 OR sum(delayed) <> 0 OR sum(dead) <> 0 ORDER BY 1, 2, 3"
)
_DUE: Final = (
    "SELECT min(due) FROM unnest(%s::smallint[]) AS mine(lane) CROSS JOIN LATERAL"
    " (SELECT due FROM @job AS job WHERE job.lane = mine.lane AND function = %s"
    " AND priority = %s::smallint AND queue_key = %s AND NOT is_dead AND due > %s"
    " AND due <= %s AND due > 0 ORDER BY due LIMIT 1) AS first"
)
_SCHEDULES: Final = (
    "SELECT number, record FROM @schedule WHERE lane = ANY(%s::smallint[])"
    " ORDER BY number"
)
_ENTRIES: Final = (
    "SELECT kind, key, value FROM @entry WHERE lane = ANY(%s::smallint[])"
    " ORDER BY kind, key"
)
_GATHER: Final = (
    "INSERT INTO @entry(lane, kind, key, value) SELECT %s::smallint, kind, key, value"
    " FROM @entry WHERE lane = ANY(%s::smallint[]) ON CONFLICT DO NOTHING",
    "UPDATE @schedule SET lane = %s::smallint WHERE lane = ANY(%s::smallint[])",
)
_SERIAL: Final = (
    "SELECT coalesce(max(last), 0)::int8 FROM unnest(%s::smallint[]) AS mine(lane)"
    " CROSS JOIN LATERAL (SELECT max(serial) AS last FROM @tally AS tally"
    " WHERE tally.lane = mine.lane) AS each"
)


def read_inventory(
    session: DatabaseSession, ownership: Ownership, progress: CommitProgress
) -> Inventory:
    """Read what is kept in our lanes, but no job, and how far transactions came."""
    lanes = ownership.lanes
    if others := [lane for lane in lanes if lane != ownership.lane]:
        # What is removed later is removed from our own lane.
        gather(session, others, ownership.lane)
    inventory = read_lanes(session, lanes, progress, ownership.is_leading)
    inventory.longest_name = LONGEST_NAME
    inventory.has_common = True
    text = "SELECT reserved FROM @lane WHERE id = %s::smallint"
    ((reserved,),) = session.ask(text, ownership.lane)
    inventory.reserved = progress.reserved = reserved
    if ownership.is_shared:
        inventory.reserved = ownership.first_number(session)
        inventory.stride = LANES
    ownership.clock.read(session, ownership.lane, inventory)
    # Of other lanes it is enough to know that there are some.
    is_any = min(inventory.last_ending, 1)
    inventory.last_ending = last_ending(session, ownership.lane) or is_any
    return inventory


def read_lanes(
    session: DatabaseSession,
    lanes: Sequence[int],
    progress: CommitProgress,
    is_leading: bool,
) -> Inventory:
    """Read what is kept in some lanes that are ours from now on, but no job.

    ``is_leading`` says that so is what the one that leads has.
    """
    these = smallints(lanes)
    progress.follow(session.ask(_SERIAL, these)[0][0])
    inventory = Inventory(0)
    for row in session.ask(_QUEUES, these):
        inventory.queues.append(_queue(session, these, row))
    inventory.schedules = [
        unpack_schedule(*row) for row in session.ask(_SCHEDULES, these)
    ]
    inventory.entries = [unpack_entry(*row) for row in session.ask(_ENTRIES, these)]
    if is_leading:
        inventory.entries += read_progress(session)
    inventory.last_ending = max(
        (last_ending(session, lane) for lane in lanes), default=0
    )
    following = [
        table.next(session, lanes) for table in (progress.results, progress.endings)
    ]
    inventory.next_expiry = min(filter(None, following), default=0.0)
    return inventory


def ready_again(jobs: Iterable[Row]) -> Inventory:
    """Return what is kept of jobs that run once more, as ``Jobs.run_again`` tells."""
    inventory = Inventory(0)
    counts: Counter[tuple[bytes, int, bytes]] = Counter()
    for number, function, priority, queue_key, size, head in jobs:
        counts[function, priority, queue_key] += 1
        try:
            record = unpack_head(number, head, function)[0]
        except (ValueError, IndexError, struct.error):
            # Who reads it says that it is damaged.
            continue
        record.priority, record.queue_key, record.size = priority, queue_key, size
        inventory.again.append(record)
    for name, count in counts.items():
        said = QueueInventory(*name)
        said.ready = count
        inventory.queues.append(said)
    return inventory


def gather(session: DatabaseSession, lanes: Sequence[int], lane: int) -> None:
    """Put what is few into one lane: schedules, and entries that it has not itself."""
    for statement in _GATHER:
        session.send(statement, lane, smallints(lanes))
    text = "DELETE FROM @entry WHERE lane = ANY(%s::smallint[])"
    session.send(text, smallints(lanes))


def _queue(session: DatabaseSession, lanes: Array, row: Row) -> QueueInventory:
    function, priority, key, ready, delayed, dead = row
    said = QueueInventory(function, priority, key)
    said.ready, said.delayed, said.dead = ready, delayed, dead
    if delayed:
        bounds = (0, STEADY - 1), (STEADY - 1, LAST)
        due = [
            session.ask(_DUE, lanes, function, priority, key, *each)[0][0]
            for each in bounds
        ]
        said.next_due, said.next_steady = (
            due_of(each)[0] if each else 0.0 for each in due
        )
    return said
