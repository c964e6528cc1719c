"""The Redis store: background jobs in one Redis or Valkey server.

    store ── settings  is a commit as durable there as was asked for?
      ├───── lock      who may write under this prefix
      └───── session   what is kept, and how it changes
               ├─ chain     one script a batch, each after the one before
               └─ reader    jobs as queries want them

A batch is worked out here, from the states of the jobs that it touches, and then
written by one script, which checks that this is still the only writer. Redis writes
that as one transaction to its log. A batch whose answer was lost is sent again; where
Redis stays away, it is refused, and taken back later if it should turn out to have been
written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ListEndings
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.health import Health
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
from geartrain.errors import StoreError, StoreInUseError
from geartrain.stores.base import Store
from geartrain.stores.holders import Holder
from geartrain.stores.redis.chain import Chain, ChainBrokenError
from geartrain.stores.redis.commands import Commands
from geartrain.stores.redis.connection import LostConnectionError, RedisConnection
from geartrain.stores.redis.layout import KeyLayout
from geartrain.stores.redis.location import location_of
from geartrain.stores.redis.lock import Lock
from geartrain.stores.redis.looking import FORMAT, check_format
from geartrain.stores.redis.session import RedisSession
from geartrain.stores.redis.settings import (
    Settings,
    check_durability,
    read_settings,
)

__all__ = ["RedisStore"]

# Seconds that new jobs wait for a Redis that has just gone, and from one try to the
# next.
_PATIENCE: Final = 5.0
_PAUSE: Final = 0.1
# From this part of its memory on Redis is asked whether it would take new jobs.
_NEARLY_FULL: Final = 0.9


class RedisStore(Store):
    """Background jobs in a Redis or Valkey server."""

    def __init__(self, location: str, durability: str) -> None:
        """Keep jobs in the server of a full name.

        Args:
            location: as ``check_redis`` returns it.
            durability: ``disk`` if commits must survive a power cut, ``os`` if they
                must survive the end of Redis's process, ``memory`` for neither.

        Raises:
            OptionError: the name cannot be read, or there is no such durability.
        """
        check_durability(durability)
        self._location = location_of(location)
        self._durability = durability
        self._layout = KeyLayout(self._location.prefix)
        self._connection = RedisConnection(self._location)
        self._session: RedisSession | None = None
        self._lock: Lock | None = None
        self._holder = Holder(str(self._location))
        self._warning = ""
        # Why new jobs are refused whatever Redis says; empty for no such reason.
        self._refusal = ""
        self._is_failing = False

    def open(self) -> Inventory:
        """Connect, take the lock, and say what is kept.

        Raises:
            StoreError: Redis does not answer or is not as durable as asked for, the
                prefix is in use by another job server, or is of a format that this
                version does not know.
        """
        if self._session is not None:
            raise StoreInUseError(f"{self._location} is in use by another job server")
        self._refusal = ""
        with self._named():
            self._check_settings()
        check_format(self._connection, self._layout, str(self._location))
        self._holder = Holder(str(self._location))
        lock = Lock(self._holder, self._layout, lambda: RedisConnection(self._location))
        try:
            lock.take()
            inventory = self._begin()
        except (StoreError, ValueError) as error:
            lock.release()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{self._location}: {error}") from error
        self._lock = lock
        return inventory

    def _begin(self) -> Inventory:
        replicas = self._location.replicas
        chain = Chain(self._connection, self._layout, self._holder, replicas)
        session = RedisSession(self._connection, self._layout, chain)
        inventory = session.inventory()
        commands = Commands()
        commands.set(self._layout.meta, b"format", FORMAT)
        (staged,) = self._connection.ask(("SMEMBERS", self._layout.staged))
        for key in (self._layout.staged, *staged):
            commands.add(b"UNLINK", key)
        chain.write(commands, is_new=False)
        self._session = session
        return inventory

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns.

        Where Redis has just gone, it is waited for: it may only be restarted.

        Raises:
            StoreError: it was not written, with the reason; a later commit may succeed.
        """
        session = self._opened()
        if self._refusal and batch.has_new():
            raise StoreError(self._refusal)
        until = time.monotonic() + (0.0 if self._is_failing else _PATIENCE)
        while True:
            try:
                return self._commit(session, batch)
            except LostConnectionError as error:
                if error.is_late or time.monotonic() > until or not batch.has_new():
                    raise
            time.sleep(_PAUSE)

    def _commit(self, session: RedisSession, batch: Batch) -> None:
        try:
            session.settle()
            try:
                session.commit(batch)
            except ChainBrokenError as error:
                self._rejoin(session, error.last)
                session.commit(batch)
        except ValueError as error:
            self._is_failing = True
            raise StoreError(f"{self._location}: {error}") from error
        except StoreError:
            self._is_failing = True
            raise
        self._is_failing = False

    def _rejoin(self, session: RedisSession, last: bytes) -> None:
        """Go on after a batch that is not the one taken for the last."""
        is_late = last == session.chain.unsure
        session.chain.begin(last)
        if is_late:
            session.take_back()
        else:
            self.problems += (
                f"{self._location} has lost the latest commits, such as a restart with"
                f" appendfsync everysec does: jobs of the last seconds before it that"
                " were acknowledged may be missing, and some may run again",
            )

    def probe(self, health: Health) -> None:
        """Check whether new jobs would be accepted, and fill in how much is used.

        Raises:
            StoreError: they would be refused, with the reason.
        """
        session = self._opened()
        health.location = self._location.shown()
        self._refusal = ""
        try:
            with self._named():
                settings = self._check_settings()
        except LostConnectionError:
            raise
        except StoreError as error:
            self._refusal = str(error)
            # The next look is at the server that the name leads to by then.
            self._connection.close()
            raise
        health.durability = settings.in_force()
        health.size = settings.used
        health.free = settings.most - settings.used if settings.most else None
        is_full = 0 < settings.most * _NEARLY_FULL < settings.used
        if self._is_failing or is_full:
            session.settle()
            session.chain.write(Commands(), is_new=True)
            self._is_failing = False
        else:
            session.chain.confirm()

    def _check_settings(self) -> Settings:
        """Check what Redis is set to, and warn of what is new."""
        settings = read_settings(self._connection)
        warning = settings.check(self._durability)
        if warning and warning != self._warning:
            self.problems += (f"{self._location}: {warning}",)
        self._warning = warning
        return settings

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the server in an error that does not."""
        try:
            yield
        except StoreError as error:
            if str(error).startswith(str(self._location)):
                raise
            raise StoreError(f"{self._location}: {error}") from error

    def close(self) -> None:
        """Give the lock back and disconnect; closing it twice does nothing."""
        session, self._session = self._session, None
        lock, self._lock = self._lock, None
        if session is not None:
            with suppress(StoreError):
                session.settle()
        if lock is not None:
            lock.release()
        self._connection.close()

    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().reader.page(query)

    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().reader.page_due(query)

    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().reader.find(query)

    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().reader.find_key(query)

    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().list_jobs(query)

    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().reader.list_dead(query)

    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().reader.find(query)

    def find_result(self, query: FindResult) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().results.find(query)

    def list_endings(self, query: ListEndings) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        self._opened().endings.fill(query)

    def _opened(self) -> RedisSession:
        if self._session is None:
            raise StoreError(f"the store on {self._location} is not open")
        return self._session
