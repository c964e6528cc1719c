"""What a PostgreSQL store answers, whatever connects and reconnects."""

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
from geartrain.stores.postgresql.endings import list_endings
from geartrain.stores.postgresql.ownership import Ownership
from geartrain.stores.postgresql.reading import (
    fill_due_page,
    fill_page,
    find_job,
    find_key,
    list_dead,
    list_jobs,
)
from geartrain.stores.postgresql.results import find_result
from geartrain.stores.postgresql.session import DatabaseSession

__all__ = ["PostgresqlAnswers"]


class PostgresqlAnswers(Store):
    """The queries of a PostgreSQL store: about the lanes that are its own."""

    _ownership: Ownership

    @abstractmethod
    def _reading(self) -> AbstractContextManager[DatabaseSession]:
        """Return a connection; what goes wrong with it becomes a StoreError."""

    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            fill_page(session, self._ownership.lanes, query)

    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            fill_due_page(session, self._ownership.lanes, query)

    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            find_job(session, self._ownership.lanes, query, is_dead=False)

    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            find_key(session, self._ownership.lanes, query)

    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            list_jobs(session, self._ownership.lanes, query)

    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            list_dead(session, self._ownership.lanes, query)

    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            find_job(session, self._ownership.lanes, query, is_dead=True)

    def find_result(self, query: FindResult) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            find_result(session, query)

    def list_endings(self, query: ListEndings) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            list_endings(session, self._ownership.lanes_in_order(), query)
