"""One batch as one transaction, in as few round trips as there are questions in it."""

from __future__ import annotations

from typing import Final

from geartrain.engine.batches import Batch
from geartrain.stores.postgresql.admission import Admission
from geartrain.stores.postgresql.arrays import bigints, byteas, smallints
from geartrain.stores.postgresql.common import (
    COMMON_LANE,
    parted,
    raise_version,
)
from geartrain.stores.postgresql.endings import write_endings
from geartrain.stores.postgresql.entry_keys import pack_entry, pack_key
from geartrain.stores.postgresql.expiry import ExpiryTable
from geartrain.stores.postgresql.jobs import Jobs
from geartrain.stores.postgresql.ownership import Ownership
from geartrain.stores.postgresql.results import write_results
from geartrain.stores.postgresql.session import (
    BEGIN,
    DatabaseSession,
    Row,
    Unanswered,
)
from geartrain.stores.schedule_packing import pack_schedule

__all__ = ["CommitProgress", "Transaction"]

_RESERVE: Final = (
    "UPDATE @lane SET reserved = %s WHERE id = %s::smallint AND reserved < %s"
)
_SCHEDULE: Final = (
    "INSERT INTO @schedule(number, lane, record) SELECT number, %s::smallint, record"
    " FROM unnest(%s::int8[], %s::bytea[]) AS new(number, record)"
    " ON CONFLICT (number) DO UPDATE SET lane = excluded.lane, record = excluded.record"
)
_UNSCHEDULE: Final = "DELETE FROM @schedule WHERE number = ANY(%s::int8[])"
_ENTER: Final = (
    "INSERT INTO @entry(lane, kind, key, value) SELECT %s::smallint, kind, key, value"
    " FROM unnest(%s::bytea[], %s::bytea[], %s::bytea[]) AS new(kind, key, value)"
    " ON CONFLICT (lane, kind, key) DO UPDATE SET value = excluded.value"
)
_FORGET: Final = (
    "DELETE FROM @entry AS entry USING unnest(%s::bytea[], %s::bytea[])"
    " AS gone(kind, key) WHERE entry.lane = %s::smallint AND entry.kind = gone.kind"
    " AND entry.key = gone.key"
)
_FOLD: Final = (
    "WITH gone AS (DELETE FROM @tally WHERE lane = ANY(%s::smallint[])"
    " AND serial >= %s AND serial < %s RETURNING *)"
    " INSERT INTO @tally(lane, serial, priority, ready, delayed, dead, function,"
    " queue_key) SELECT lane, %s, priority, sum(ready), sum(delayed), sum(dead),"
    " function, queue_key FROM gone GROUP BY lane, priority, function, queue_key"
    " HAVING sum(ready) <> 0 OR sum(delayed) <> 0 OR sum(dead) <> 0"
)
# Transactions after which what they appended to the tally is summed up.
_FOLD_AFTER: Final = 1000


class CommitProgress:
    """What a store knows of its transactions from one to the next.

    Attributes:
        serial: the number of the last transaction.
        folded: up to which of them the tally is summed up.
        rows: how many rows those sums were.
        reserved: no number up to this one is free.
        has_doubles: jobs have keys that they do not hold.
        results: when results expire.
        endings: when endings expire.
    """

    def __init__(self) -> None:
        self.serial = 0
        self.folded = 0
        self.rows = 0
        self.reserved = 0
        self.has_doubles = False
        self.results = ExpiryTable("result", "octet_length(data)")
        self.endings = ExpiryTable("ending", "octet_length(record)")

    def follow(self, serial: int) -> None:
        """Go on behind the transactions of lanes that are ours from now on."""
        self.serial = max(self.serial, serial)
        self.folded = 0
        self.results.forget()
        self.endings.forget()

    def is_fold_due(self) -> bool:
        """Tell whether enough was appended to the tally to sum it up."""
        return self.serial - self.folded > max(_FOLD_AFTER, self.rows // 4)


class Transaction:
    """Carries out one batch, within a pipeline; all of it but the COMMIT.

    Attributes:
        serial: its number, by which it is recognised once it is committed.
        again: jobs that were to end and run once more instead, a row each.
        common: what it puts and removes of the entries that are everybody's.
        lease_until: until when the lease lasts once it is committed.
        reserved: no number up to this one is free once it is committed.
    """

    def __init__(
        self,
        session: DatabaseSession,
        ownership: Ownership,
        progress: CommitProgress,
        durability: str,
    ) -> None:
        self._session = session
        self._ownership = ownership
        self._progress = progress
        self._durability = durability
        self.again: list[Row] = []
        self.common: dict[tuple[bytes, bytes], bytes | None] = {}
        self.lease_until = ownership.until
        self.reserved = progress.reserved
        self.serial = progress.serial = progress.serial + 1

    def prepare(self, batch: Batch) -> None:
        """Send all that the batch says, to be committed or rolled back."""
        session, owner = self._session, self._ownership
        jobs = Jobs(session, owner.lanes, self.serial)
        admission = Admission(
            session, owner, self.serial, has_doubles=self._progress.has_doubles
        )
        again: Unanswered | None = None
        self._begin()
        if batch.ended:
            jobs.end(batch.ended)
            if owner.is_shared and batch.cancelled:
                jobs.cancel(batch.cancelled)
            if owner.is_shared:
                again = jobs.run_again(batch.ended)
        if batch.added:
            admission.add(batch)
        self._change(batch, jobs, admission)
        admission.settle()
        self._keep(batch)
        if batch.expired_until:
            self._drop_expired(batch)
        if self.common:
            # Last: others wait for that, and it for nobody.
            raise_version(session)
            self._enter(self.common, COMMON_LANE)
        # Asked for before the COMMIT, whose answer may be lost.
        self.again = [] if again is None else again.rows()
        is_doubling = batch.revived or batch.moved
        self._progress.has_doubles = admission.has_doubles or bool(is_doubling)

    def _begin(self) -> None:
        session, owner = self._session, self._ownership
        session.send(BEGIN)
        if session.server.is_pooled:
            level = session.server.level(self._durability)
            session.send(
                "SELECT set_config(name, value, true) FROM (VALUES"
                " ('synchronous_commit', %s::text), ('statement_timeout', '0'),"
                " ('idle_in_transaction_session_timeout', '5s'),"
                " ('lock_timeout', '10s')) AS settings(name, value)",
                level,
            )
        if owner.is_due():
            self.lease_until = owner.renew(session)
        owner.fence(session, self.serial)

    def _change(self, batch: Batch, jobs: Jobs, admission: Admission) -> None:
        if batch.revived:
            jobs.revive(batch.revived)
        if batch.changed:
            jobs.change(batch.changed)
        if batch.moved:
            jobs.move(batch.moved)
        if batch.replaced:
            there = jobs.remove(batch.replaced)
            admission.put_back([batch.replaced[number] for number in there])
        if batch.buried:
            jobs.bury(batch.buried)

    def _keep(self, batch: Batch) -> None:
        """Keep what is no job."""
        session, lane, progress = self._session, self._ownership.lane, self._progress
        numbers = [each.number for each in batch.added]
        numbers += [each.number for each in batch.schedules]
        highest = max(batch.reserved, *numbers, *batch.results, 0)
        if highest > progress.reserved:
            session.send(_RESERVE, highest, lane, highest)
            self.reserved = highest
        if batch.steady:
            self._ownership.clock.set(batch.steady)
            self._ownership.clock.keep(session, lane)
        write_results(session, lane, batch, progress.results)
        write_endings(session, lane, batch, progress.endings)
        self._schedule(batch)
        if batch.entries:
            self.common, leaders, own = parted(batch.entries_without_twins())
            self._enter(leaders, COMMON_LANE)
            self._enter(own, lane)

    def _schedule(self, batch: Batch) -> None:
        last = {each.number: each for each in batch.schedules}
        if last:
            records = byteas([pack_schedule(each) for each in last.values()])
            lane = self._ownership.lane
            self._session.send(_SCHEDULE, lane, bigints([*last]), records)
        if batch.unscheduled:
            self._session.send(_UNSCHEDULE, bigints(batch.unscheduled))

    def _enter(
        self, entries: dict[tuple[bytes, bytes], bytes | None], lane: int
    ) -> None:
        kept = [
            (kind, *pack_entry(key, value))
            for (kind, key), value in entries.items()
            if value is not None
        ]
        if kept:
            columns = [byteas(column) for column in zip(*kept, strict=True)]
            self._session.send(_ENTER, lane, *columns)
        gone = [
            (kind, pack_key(key))
            for (kind, key), value in entries.items()
            if value is None
        ]
        if gone:
            columns = [byteas(column) for column in zip(*gone, strict=True)]
            self._session.send(_FORGET, *columns, lane)

    def _drop_expired(self, batch: Batch) -> None:
        session, lanes, until = (
            self._session,
            self._ownership.lanes,
            batch.expired_until,
        )
        tables = (self._progress.results, self._progress.endings)
        sent = [table.drop(session, lanes, until) for table in tables]
        batch.dropped = 0
        for table, dropped in zip(tables, sent, strict=True):
            batch.dropped += table.settle(dropped)
        following = [table.next(session, lanes) for table in tables]
        batch.next_expiry = min(filter(None, following), default=0.0)

    def fold(self) -> None:
        """Sum up the tally, in a transaction of its own."""
        session, lanes, progress = self._session, self._ownership.lanes, self._progress
        with session.pipeline():
            self._begin()
            folded = session.send(
                _FOLD, smallints(lanes), progress.folded, self.serial, self.serial
            )
        session.send("COMMIT")
        self._ownership.until = self.lease_until
        progress.rows, progress.folded = folded.count(), self.serial
