"""Lanes that are emptied, so that job servers that start later find free ones.

A node that takes over has lanes beside its first, and gives each up once nothing is
left in it. Dead letters do not expire, and what is delayed may be so for a year: where
there are many lanes, what is left in those with the fewest rows is put into others of
the same node, some rows at a time. Where there are few, nothing is moved.

All statements are about all lanes of a node, so it does not matter which of them a row
is in, and the tally of each lane is changed by the statement that moves its jobs. Rows
that another node is at work on are left for the next time: nobody is waited for.

Jobs and results go to the first lane. Endings have serials, and the first lane's are
the engine's to give: they go behind those of the *attic*, the lowest of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from geartrain.stores.postgresql.arrays import smallints
from geartrain.stores.postgresql.jobs import STATE, counted
from geartrain.stores.postgresql.session import DatabaseSession

__all__ = ["MANY", "emptiest", "empty"]

MANY: Final = 64
"""How many lanes may have a node before any is emptied."""

# Lanes that are emptied at once, and the rows of each kind that one gives at a time:
# some 20 ms of the database's time, and 1,000 lanes with a few rows each in a minute.
_AT_ONCE: Final = 20
_MOST: Final = 25

# What finds the rows of each kind in the order of an index that begins with the lane.
_KINDS: Final = (
    ("job", "due = 0 AND NOT is_dead", "function, priority, queue_key, number"),
    ("job", "due > 0 AND NOT is_dead", "function, priority, queue_key, due, number"),
    ("job", "is_dead", "number"),
    ("result", "true", "expires"),
    ("ending", "true", "serial"),
)


def _few(columns: str, kind: tuple[str, str, str]) -> str:
    """Return what finds some rows of one kind in each of several lanes."""
    table, state, order = kind
    return (
        f"SELECT found.* FROM unnest(%s::smallint[]) AS mine(lane) CROSS JOIN LATERAL"
        f" (SELECT {columns} FROM @{table} AS kept WHERE kept.lane = mine.lane"
        f" AND {state} ORDER BY {order} LIMIT {_MOST} FOR UPDATE SKIP LOCKED) AS found"
    )


def _size(kind: tuple[str, str, str]) -> str:
    table, state, order = kind
    return (
        f"(SELECT count(*) FROM (SELECT 1 FROM @{table} AS kept"
        f" WHERE kept.lane = mine.lane AND {state} ORDER BY {order} LIMIT {_MOST})"
        " AS few)"
    )


_EMPTIEST: Final = (
    "SELECT lane FROM unnest(%s::smallint[]) AS mine(lane)"
    f" ORDER BY {' + '.join(map(_size, _KINDS))}, lane LIMIT {_AT_ONCE}"
)
_QUEUE: Final = ", ".join(f"job.{name}" for name in STATE.split(", "))
_JOBS: Final = tuple(
    f"WITH few AS MATERIALIZED ({_few('number, lane', kind)}),"
    " moved AS (UPDATE @job AS job SET lane = %s::smallint FROM few"
    f" WHERE job.number = few.number RETURNING few.lane AS former, {_QUEUE}) "
    + counted(
        f"SELECT 1 AS sign, {STATE} FROM moved UNION ALL"
        f" SELECT -1, {STATE.replace('lane', 'former', 1)} FROM moved"
    )
    for kind in _KINDS
    if kind[0] == "job"
)
_RESULTS: Final = (
    f"WITH few AS MATERIALIZED ({_few('number', _KINDS[3])})"
    " UPDATE @result AS kept SET lane = %s::smallint FROM few"
    " WHERE kept.number = few.number"
)
_ENDINGS: Final = (
    f"WITH few AS MATERIALIZED ({_few('lane, serial, expires', _KINDS[4])}),"
    " last AS (SELECT coalesce(max(serial), 0) AS serial FROM @ending"
    " WHERE lane = %s::smallint), placed AS MATERIALIZED (SELECT few.lane, few.serial,"
    " last.serial + row_number() OVER (ORDER BY few.expires, few.lane, few.serial)"
    " AS place FROM few CROSS JOIN last)"
    " UPDATE @ending AS kept SET lane = %s::smallint, serial = placed.place FROM placed"
    " WHERE kept.lane = placed.lane AND kept.serial = placed.serial"
)


def emptiest(session: DatabaseSession, lanes: Sequence[int]) -> list[int]:
    """Return a few of a node's lanes beside the first: those with the fewest rows.

    The attic is none of them.
    """
    rows = session.ask(_EMPTIEST, smallints(sorted(lanes)[1:]))
    return [lane for (lane,) in rows]


def empty(
    session: DatabaseSession, lanes: Sequence[int], first: int, attic: int, serial: int
) -> None:
    """Send what moves some rows of lanes to others of the same node.

    It is to be called within a transaction that the node's fence protects; the tally
    has its number as ``serial``.
    """
    these = smallints(lanes)
    for statement in _JOBS:
        session.send(statement, these, first, serial)
    session.send(_RESULTS, these, first)
    session.send(_ENDINGS, these, attic, attic)
