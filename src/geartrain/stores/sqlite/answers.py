"""What a SQLite store answers, whatever opens and closes its file."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager

from geartrain.engine.endings import ListEndings
from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.engine.results import FindResult
from geartrain.stores.base import Store
from geartrain.stores.sqlite.endings import list_endings
from geartrain.stores.sqlite.queries import (
    fill_due_page,
    fill_page,
    list_dead,
    list_jobs,
)
from geartrain.stores.sqlite.session import StoreSession

__all__ = ["SqliteAnswers"]


class SqliteAnswers(Store):
    """The queries of a SQLite store."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[StoreSession]:
        """Return the open session; what goes wrong with it becomes a StoreError."""

    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            queue = opened.queue_of(query)
            if queue is not None:
                fill_page(opened.connection, opened.reader, queue, query)

    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            queue = opened.queue_of(query)
            if queue is not None:
                fill_due_page(opened.connection, opened.reader, queue, query)

    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            query.record = opened.find(query, is_dead=False)

    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            query.record = opened.find_key(query)

    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            list_jobs(opened.connection, opened.reader, opened.queues, query)

    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            list_dead(opened.connection, opened.reader, opened.queues, query)

    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            query.record = opened.find(query, is_dead=True)

    def find_result(self, query: FindResult) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            opened.find_result(query)

    def list_endings(self, query: ListEndings) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as opened:
            list_endings(opened.connection, query)
