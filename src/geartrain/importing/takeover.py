"""Take over gearmand's queue: its jobs become those of a store nobody serves yet.

Each chunk of rows is committed to the store first and then deleted from the old queue.
If that is interrupted, some rows are still there although their jobs are kept: the next
start finds them again, before a worker could have run any of these jobs, and they
coalesce. So each job is taken over once.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass, field

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.jobs.submissions import coalescing_key
from geartrain.engine.records import JobRecord
from geartrain.errors import StoreError
from geartrain.importing.locations import Location, open_source
from geartrain.importing.records import (
    NoQueueError,
    QueuedJob,
    Source,
    Unreadable,
    made_unique,
)
from geartrain.stores.base import Recovery, Store
from geartrain.texts import counted

__all__ = ["Takeover"]

_log = logging.getLogger("geartrain.server")

# Jobs, and bytes of their workloads, of one commit.
_MOST_JOBS = 1000
_MOST_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Takeover:
    """Moves the jobs of an old queue into a store; called with it before it is opened.

    Attributes:
        location: the old queue; if there is none, nothing is done.
        handle_prefix: what the new handles begin with.
    """

    location: Location
    handle_prefix: bytes
    _taken: int = field(default=0, init=False)
    _skipped: int = field(default=0, init=False)

    def __call__(self, store: Store) -> None:
        """Move all jobs.

        Raises:
            OptionError: the driver of the old queue is not installed.
            StoreError: the old queue or the store fails. What was moved before is in
                the store, and the rest still in the queue.
        """
        self._taken = self._skipped = 0
        try:
            source = open_source(self.location)
        except NoQueueError:
            return
        with closing(source):
            inventory = store.open()
            try:
                self._move(source, store, inventory)
            finally:
                store.close()
        if self._taken or self._skipped:
            _log.warning(
                "%s of gearmand's queue taken over, %d left there",
                counted(self._taken, "job"),
                self._skipped,
                extra={"action": "queue_taken_over"},
            )

    def _move(self, source: Source, store: Store, inventory: Inventory) -> None:
        now = time.time()
        # Server time goes on from the calendar's in a store that has none yet.
        submitted = now - (inventory.calendar - inventory.steady)
        number = inventory.reserved
        batch, jobs = Batch(1), list[QueuedJob]()
        for row in source.jobs():
            if isinstance(row, Unreadable):
                self._skipped += 1
                _log.error(
                    "gearmand's queue: %s is left there: %s",
                    row.origin,
                    row.reason,
                    extra={"action": "job_left"},
                )
                continue
            number += 1
            batch.added.append(self._record(row, number, submitted))
            batch.size += len(row.workload)
            jobs.append(row)
            if len(jobs) >= _MOST_JOBS or batch.size >= _MOST_BYTES:
                self._commit(source, store, batch, jobs)
                batch, jobs = Batch(batch.serial + 1), []
        if jobs:
            self._commit(source, store, batch, jobs)

    def _commit(
        self, source: Source, store: Store, batch: Batch, jobs: list[QueuedJob]
    ) -> None:
        batch.reserved = batch.added[-1].number
        store.commit(batch)
        if batch.refusals:
            raise StoreError(next(iter(batch.refusals.values())))
        source.delete(jobs)
        self._taken += len(jobs)
        store.recovery = Recovery("importing", self._taken, None)

    def _record(self, job: QueuedJob, number: int, submitted: float) -> JobRecord:
        handle = b"%b:%d" % (self.handle_prefix, number)
        record = JobRecord(number, handle, job.function)
        unique, replaced = made_unique(job)
        if replaced:
            _log.warning(
                "gearmand's queue: %s: %s",
                job.origin,
                replaced,
                extra={"action": "unique_replaced"},
            )
        # A job without a unique keeps none, and has a key only for a second start.
        record.unique = unique if job.unique else b""
        record.key = unique
        if job.unique == b"-":
            record.unique = job.unique
            record.key = coalescing_key(b"-", job.workload, []) or unique
        record.is_tentative = True
        record.priority = int(job.priority)
        record.workload, record.size = job.workload, len(job.workload)
        record.submitted = submitted
        record.due = float(job.when) if job.when > 0 else 0.0
        return record
