"""What a store is: the contract that ``tests/stores/test_contract.py`` holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ListEndings
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.health import Health
from geartrain.engine.model.shares import WHOLE, Share
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
from geartrain.engine.results import FindResult
from geartrain.errors import StoreError

__all__ = ["Recovery", "ServerAwayError", "Store"]


class ServerAwayError(StoreError):
    """The store's server is not there now: it may only be restarted.

    A commit waits for it, some seconds, before it raises this; ``probe`` does not.
    """


class Recovery(NamedTuple):
    """How far a store that is being opened has come.

    Attributes:
        step: ``opening``; before that perhaps ``importing``, where another queue is
            taken over, or ``rebuilding``, where the store was found damaged.
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
        node: what this job server is called among those that share the store; to be set
            before it is opened.
        identity: what tells its process apart among them; likewise.
        address: where they reach it, ``host:port``, with ``*`` for the host by which
            this machine reaches the store; empty while they are not to. They learn of
            a change by the next ``probe``.
        preparations: what ``start`` calls first: each opens the store and closes it.
        lease_until: until when what it keeps is surely its own, as ``time.monotonic``
            counts. What several job servers share is leased: ``commit`` and ``probe``
            renew the lease. Another thread may look at it.
        is_lost: another job server has taken over what was its own, or it is not what
            it was. It takes no batch any more, and is to be opened anew.
        why_lost: why, if the lease has not ended; empty if it has.
        share: what part of all limits is this job server's; the others that share it
            have theirs.
        is_leading: of the job servers that share it, this one submits the jobs of the
            schedules that all have, and alone puts entries of ``LEADERS_KINDS``.
        adopted: what other job servers have left that is its own since. The driver of
            the store takes it out and has the engine go on with it.
        common: what other job servers have put, or removed (None), of entries that all
            have in common (``COMMON_KINDS``), by kind and key. ``probe`` notices it,
            and the driver does the same with it.
        again: what was ended and is to run once more, because another job server was
            asked for it before. The driver does the same with it.

    A job is kept until it is ended or buried; one that is buried is a dead letter
    until it is ended or revived. Only jobs, never dead letters, are paged, listed as
    jobs, found by number or key, or anyone's twin.

    A result, or an ending, is kept until a batch says that what expired before some
    time is to be dropped: a commit drops at least a thousand of these, if there are so
    many, and tells when the next expires (``Batch.next_expiry``). A result with the
    number of one that is kept, or an ending with its serial, takes its place.
    """

    problems: tuple[str, ...] = ()
    node: str = ""
    identity: bytes = b""
    address: str = ""
    astray: int = 0
    recovery: Recovery = Recovery()
    preparations: tuple[Callable[[Store], None], ...] = ()
    lease_until: float = inf
    is_lost: bool = False
    why_lost: str = ""
    share: Share = WHOLE
    is_leading: bool = True
    adopted: tuple[Inventory, ...] = ()
    common: Mapping[tuple[bytes, bytes], bytes | None] = MappingProxyType({})
    again: tuple[Inventory, ...] = ()

    def start(self) -> Inventory:
        """Prepare the store and open it; raises what either raises."""
        for prepare in self.preparations:
            prepare(self)
        return self.open()

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
        """Check whether new jobs would be accepted, and fill in ``health``.

        That is the location, without a password; the size, where it is known; and for a
        store on a server the durability that is in force there.

        This takes no longer than a commit.

        Raises:
            ServerAwayError: they would wait for the store's server.
            StoreError: they would be refused; the message says why.
        """
        health.location = "memory:"

    def hang_up(self) -> None:  # noqa: B027 - most have nothing to do
        """Give up a server that does not answer: what waits for it fails, or goes on.

        It is called on another thread than the call that waits. A store that waits for
        no server, or itself not for ever, does nothing.
        """

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
