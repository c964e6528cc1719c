"""What a store is: the contract that ``tests/stores/test_contract.py`` holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ListEndings
from geartrain.engine.model.health import Health
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
from geartrain.engine.records import Inventory
from geartrain.engine.results import FindResult
from geartrain.errors import StoreError

__all__ = ["Recovery", "Store"]


class Recovery(NamedTuple):
    """How far a store that is being opened has come.

    Attributes:
        step: ``opening``, or ``rebuilding`` where the store was found damaged.
        done: the jobs that are read so far.
        total: how many jobs there are to read; None if that is not known.
    """

    step: str = "opening"
    done: int = 0
    total: int | None = None


class Store(ABC):
    """A set of background jobs, dead letters and recurring jobs.

    All methods may block. ``open`` comes first and ``close`` last; no two run at the
    same time, but each may run on another thread.

    Attributes:
        problems: sentences for the operator. The driver of the store takes them out and
            logs them.
        astray: once it is closed, how many jobs, dead letters and recurring jobs are in
            a file that the store's name no longer leads to.
        recovery: how far ``open`` has come; another thread may look at it meanwhile.

    A job is kept until it is ended or buried; one that is buried is a dead letter
    until it is ended or revived. Only jobs, never dead letters, are paged, listed as
    jobs, found by number or key, or anyone's twin.

    A result, or an ending, is kept until a batch says that what expired before some
    time is to be dropped: a commit drops at least a thousand of these, if there are so
    many, and tells when the next expires (``Batch.next_expiry``). A result with the
    number of one that is kept, or an ending with its serial, takes its place.
    """

    problems: tuple[str, ...] = ()
    astray: int = 0
    recovery: Recovery = Recovery()

    @abstractmethod
    def open(self) -> Inventory:
        """Open the store, making it if there is none, and say what it keeps.

        This takes the same time however many jobs there are.

        Raises:
            StoreError: it cannot be opened, is in use by another job server, is
                damaged, or is of a kind or format this version does not know.
        """

    @abstractmethod
    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns.

        If it raises, nothing that is new in the batch (``Batch.parted``) is kept. Of
        the rest some may be: it can be committed again without harm. Jobs that there is
        no room for are left out where it has room for smaller ones:
        ``Batch.refusals`` then says which, and why.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed. A store refuses what is new before it has no room left for
                the rest.
        """

    def probe(self, health: Health) -> None:
        """Check whether new jobs would be accepted, and fill in the store's size.

        This takes no longer than a commit.

        Raises:
            StoreError: they would be refused; the message says why.
        """
        health.location = "memory:"

    def back_up(self, health: Health) -> None:
        """Begin to copy the store while it is used; ``health`` tells how that goes."""
        health.tell_backup("failed", "", "this store is backed up by its own tools")

    @abstractmethod
    def close(self) -> None:
        """Close the store; closing it twice does nothing."""

    @abstractmethod
    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def find_result(self, query: FindResult) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    @abstractmethod
    def list_endings(self, query: ListEndings) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""

    def answer(self, query: Query) -> None:
        """Answer a query of any kind, or put into it why it cannot be answered."""
        try:
            self._answer(query)
        except StoreError as error:
            query.error = str(error)

    def _answer(self, query: Query) -> None:
        match query:
            case Page():
                self.page(query)
            case DuePage():
                self.page_due(query)
            case FindJob():
                self.find_job(query)
            case FindKey():
                self.find_key(query)
            case ListJobs():
                self.list_jobs(query)
            case ListDead():
                self.list_dead(query)
            case FindDead():
                self.find_dead(query)
            case FindResult():
                self.find_result(query)
            case ListEndings():
                self.list_endings(query)
