"""Changes to the jobs of a PostgreSQL store: a statement for all jobs of a kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from geartrain.engine.records import Burial, Change, Move
from geartrain.stores.job_packing import (
    bits_of,
    pack_failures,
    unpack_head,
)
from geartrain.stores.postgresql.arrays import bigints, byteas, smallints, uuids
from geartrain.stores.postgresql.keys import key_of
from geartrain.stores.postgresql.session import DatabaseSession, Unanswered

__all__ = ["STATE", "Jobs", "counted"]

STATE: Final = "lane, priority, function, queue_key, due, is_dead"
"""The columns that say what a job counts for, for ``counted``."""


def counted(changes: str) -> str:
    """Return what appends to the tally what rows of ``sign`` and state come to."""
    return (
        "INSERT INTO @tally(lane, serial, priority, ready, delayed, dead, function,"
        " queue_key) SELECT lane, %s::int8, priority, ready, delayed, dead, function,"
        " queue_key FROM (SELECT lane, priority, function, queue_key,"
        " coalesce(sum(sign) FILTER (WHERE due = 0 AND NOT is_dead), 0)::int AS ready,"
        " coalesce(sum(sign) FILTER (WHERE due > 0 AND NOT is_dead), 0)::int"
        " AS delayed,"
        " coalesce(sum(sign) FILTER (WHERE is_dead), 0)::int AS dead"
        f" FROM ({changes}) AS changes"
        " GROUP BY lane, priority, function, queue_key) AS sums"
        " WHERE ready <> 0 OR delayed <> 0 OR dead <> 0"
    )


def _delete(where: str) -> str:
    """Return what deletes the rows with these numbers, and counts that."""
    return (
        "WITH gone AS (DELETE FROM @job WHERE number = ANY(%s::int8[])"
        f" AND lane = ANY(%s::smallint[]) AND {where}"
        f" RETURNING {STATE}) " + counted(f"SELECT -1 AS sign, {STATE} FROM gone")
    )


_END: Final = _delete("(is_dead OR NOT is_joined)")
_CANCEL: Final = _delete("is_joined")
# What another node has joined before the deletion, or while that waited for it.
_AGAIN: Final = (
    "WITH former AS (SELECT number, " + STATE + " FROM @job WHERE is_joined"
    " AND NOT is_dead AND number = ANY(%s::int8[]) AND lane = ANY(%s::smallint[])),"
    " later AS (UPDATE @job AS job SET is_joined = false, due = 0, failures = NULL"
    " FROM former WHERE job.number = former.number"
    " RETURNING job.number, job.lane, job.priority, job.function, job.queue_key,"
    " job.due, job.is_dead, job.size, job.head), counted AS ("
    + counted(
        f"SELECT 1 AS sign, {STATE} FROM later UNION ALL SELECT -1, {STATE} FROM former"
    )
    + ") SELECT number, function, priority::int8, queue_key, size, head FROM later"
)
_REMOVE: Final = (
    "WITH gone AS (DELETE FROM @job WHERE number = ANY(%s::int8[])"
    " AND lane = ANY(%s::smallint[]) AND NOT is_dead"
    f" RETURNING number, {STATE}), counted AS ("
    + counted(f"SELECT -1 AS sign, {STATE} FROM gone")
    + ") SELECT number FROM gone"
)


def _update(columns: str, kinds: str, setting: str, where: str) -> str:
    """Return what sets the state of the rows with these numbers, and counts that."""
    mine = "job.number = new.number AND job.lane = ANY(%s::smallint[])"
    state = ", ".join(f"job.{name}" for name in STATE.split(", "))
    return (
        f"WITH new AS MATERIALIZED (SELECT * FROM unnest({kinds}) AS new({columns})),"
        f" former AS (SELECT {state} FROM @job AS job JOIN new ON {mine}"
        f" WHERE {where}),"
        f" later AS (UPDATE @job AS job SET {setting} FROM new WHERE {mine}"
        f" AND {where} RETURNING {state}) "
        + counted(
            f"SELECT 1 AS sign, {STATE} FROM later"
            f" UNION ALL SELECT -1, {STATE} FROM former"
        )
    )


_CHANGE: Final = _update(
    "number, due, failures",
    "%s::int8[], %s::int8[], %s::bytea[]",
    "due = new.due, failures = new.failures",
    "NOT job.is_dead",
)
_REVIVE: Final = _update(
    "number, due, failures",
    "%s::int8[], %s::int8[], %s::bytea[]",
    "due = new.due, failures = new.failures, is_dead = false, claim = job.number",
    "job.is_dead",
)
_BURY: Final = _update(
    "number, failures",
    "%s::int8[], %s::bytea[]",
    "due = 0, failures = new.failures, is_dead = true, queue_key = ''",
    "NOT job.is_dead",
)
_MOVE: Final = _update(
    "number, due, priority, key, function, queue_key",
    "%s::int8[], %s::int8[], %s::smallint[], %s::uuid[], %s::bytea[], %s::bytea[]",
    "due = CASE WHEN job.is_dead THEN 0 ELSE new.due END, priority = new.priority,"
    " function = new.function, key = new.key, claim = job.number,"
    " queue_key = CASE WHEN job.is_dead THEN '' ELSE new.queue_key END",
    "true",
)


class Jobs:
    """The jobs and dead letters that one transaction changes."""

    def __init__(
        self, session: DatabaseSession, lanes: Sequence[int], serial: int
    ) -> None:
        self._session = session
        self._lanes = smallints(lanes)
        self._serial = serial

    def end(self, numbers: Collection[int]) -> None:
        """Delete jobs and dead letters."""
        self._session.send(_END, bigints([*numbers]), self._lanes, self._serial)

    def cancel(self, numbers: Collection[int]) -> None:
        """Delete what other nodes have joined, too."""
        self._session.send(_CANCEL, bigints([*numbers]), self._lanes, self._serial)

    def run_again(self, numbers: Collection[int]) -> Unanswered:
        """Make jobs ready that were to end and are joined.

        It returns their numbers, queues, sizes and heads.
        """
        text = _AGAIN
        return self._session.send(text, bigints([*numbers]), self._lanes, self._serial)

    def revive(self, changes: Sequence[Change]) -> None:
        """Make jobs of dead letters."""
        # Of two changes of one dead letter the first counts: then it is a job.
        self._set(_REVIVE, {each.number: each for each in reversed(changes)})

    def change(self, changes: Iterable[Change]) -> None:
        """Change when jobs are due and how they have failed."""
        self._set(_CHANGE, {each.number: each for each in changes})

    def _set(self, text: str, changes: dict[int, Change]) -> None:
        values = changes.values()
        dues = [bits_of(each.due, is_steady=True) for each in values]
        failures = [pack_failures(each.failures, 0.0) for each in values]
        columns = bigints([*changes]), bigints(dues), byteas(failures)
        self._send(text, *columns)

    def bury(self, burials: Sequence[Burial]) -> None:
        """Make dead letters of jobs."""
        first = {each.number: each for each in reversed(burials)}
        failures = [pack_failures(each.failures, each.died) for each in first.values()]
        self._send(_BURY, bigints([*first]), byteas(failures))

    def move(self, moves: dict[int, Move]) -> None:
        """Put jobs and dead letters into other queues, or at other due times."""
        rows = self._session.ask(
            "SELECT number, head FROM @job WHERE number = ANY(%s::int8[])",
            bigints([*moves]),
        )
        there = [(moves[number], _key(number, head)) for number, head in rows]
        if not there:
            return
        every = [move for move, _ in there]
        keys = [key_of(move.function, key) if key else None for move, key in there]
        self._send(
            _MOVE,
            bigints([each.number for each in every]),
            bigints([bits_of(each.due, each.is_steady) for each in every]),
            smallints([each.priority for each in every]),
            uuids(keys),
            byteas([each.function for each in every]),
            byteas([each.queue_key for each in every]),
        )

    def remove(self, numbers: Collection[int]) -> list[int]:
        """Delete jobs, but no dead letters; return which there were."""
        text = _REMOVE
        sent = self._session.send(text, bigints([*numbers]), self._lanes, self._serial)
        return [number for (number,) in sent.rows()]

    def _send(self, text: str, *columns: object) -> None:
        lanes = self._lanes
        self._session.send(text, *columns, lanes, lanes, self._serial)


def _key(number: int, head: bytes) -> bytes:
    return unpack_head(number, head, b"")[0].key
