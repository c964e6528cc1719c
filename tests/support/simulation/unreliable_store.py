"""A store that forgets what is not synced when the power fails."""

from __future__ import annotations

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ListEndings
from geartrain.engine.inventory import Inventory
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
from geartrain.engine.results import FindResult
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from geartrain.stores.memory import MemoryStore

__all__ = ["UnreliableStore"]

_ALL = 1_000_000


class UnreliableStore(Store):
    """A memory store with a disk under it, which gets what is written when synced.

    Attributes:
        unreadable: the kinds of queries that fail.
    """

    def __init__(self, *, syncs: bool) -> None:
        """Sync each commit, or none."""
        self.unreadable: tuple[type[Query], ...] = ()
        self._syncs = syncs
        self._written = MemoryStore()
        # All that is on the disk, and what was written since.
        self._synced: list[Batch] = []
        self._unsynced: list[Batch] = []

    def open(self) -> Inventory:
        return self._written.open()

    def write(self, batch: Batch) -> None:
        """Commit a batch without syncing it."""
        self._written.commit(batch)
        self._unsynced.append(batch)

    def sync(self) -> None:
        """Bring all that was written to the disk."""
        self._synced += self._unsynced
        self._unsynced = []

    def commit(self, batch: Batch) -> None:
        self.write(batch)
        if self._syncs:
            self.sync()

    def close(self) -> None:
        self._written.close()

    def lose_power(self) -> None:
        """Forget what was not synced; the store is closed then."""
        self._written.close()
        if self._unsynced:
            self._unsynced = []
            self._written = MemoryStore()
            self._written.open()
            for batch in self._synced:
                self._written.commit(batch)
            self._written.close()

    def jobs(self) -> dict[bytes, JobRecord]:
        """Return what is kept by handle."""
        query = ListJobs(b"", _ALL, None)
        self._written.list_jobs(query)
        return {record.handle: record for record in query.records}

    def dead(self) -> dict[bytes, JobRecord]:
        """Return the dead letters by handle."""
        query = ListDead(0, _ALL, None)
        self._written.list_dead(query)
        return {record.handle: record for record in query.records}

    def workload(self, number: int) -> bytes:
        """Return the input of a job or dead letter."""
        job, dead = FindJob(number), FindDead(number)
        self._written.find_job(job)
        self._written.find_dead(dead)
        record = job.record or dead.record
        assert record is not None
        return b"".join([record.workload, *record.more])

    def page(self, query: Page) -> None:
        self._check(query)
        self._written.page(query)

    def page_due(self, query: DuePage) -> None:
        self._check(query)
        self._written.page_due(query)

    def find_job(self, query: FindJob) -> None:
        self._check(query)
        self._written.find_job(query)

    def find_key(self, query: FindKey) -> None:
        self._check(query)
        self._written.find_key(query)

    def list_jobs(self, query: ListJobs) -> None:
        self._check(query)
        self._written.list_jobs(query)

    def list_dead(self, query: ListDead) -> None:
        self._check(query)
        self._written.list_dead(query)

    def find_result(self, query: FindResult) -> None:
        self._check(query)
        self._written.find_result(query)

    def list_endings(self, query: ListEndings) -> None:
        self._check(query)
        self._written.list_endings(query)

    def find_dead(self, query: FindDead) -> None:
        self._check(query)
        self._written.find_dead(query)

    def _check(self, query: Query) -> None:
        if isinstance(query, self.unreadable):
            raise StoreError("the disk cannot be read")
