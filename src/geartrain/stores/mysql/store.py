"""The MySQL store: batches and queries over a connection that may be lost.

A lost connection is made again with the next batch, query or look at the store, at the
latest a second later. If a transaction was under way, the store itself tells what has
become of it (``ownership``), so that a batch is written once, also over a restart of
the database server.
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
    Query,
)
from geartrain.engine.results import FindResult
from geartrain.errors import StoreError
from geartrain.stores.base import Store
from geartrain.stores.mysql.connection import (
    DeadlockError,
    MysqlConnection,
    ServerLostError,
)
from geartrain.stores.mysql.durability import (
    check_durability,
    lack,
    read_settings,
)
from geartrain.stores.mysql.location import location_of
from geartrain.stores.mysql.ownership import Ownership, TakenError
from geartrain.stores.mysql.schema import prepare_schema
from geartrain.stores.mysql.session import MysqlSession
from geartrain.texts import visible

__all__ = ["MysqlStore", "look_at"]

# Seconds between two attempts to connect again.
_PAUSE: Final = 0.1
# Further attempts after a deadlock. Each waits for the other session's locks.
_RETRIES: Final = 10


class MysqlStore(Store):
    """Background jobs in a database of MySQL or MariaDB."""

    def __init__(self, location: str, durability: str) -> None:
        """Keep jobs in the database that a URL names.

        Args:
            location: ``mysql://user:password@host:port/database``, and options.
            durability: ``disk`` if commits must survive a power cut of the server,
                ``os`` a crash of the database server, ``memory`` neither.

        Raises:
            OptionError: the URL cannot be read, or there is no such durability.
        """
        self._location = location_of(location)
        self._durability = check_durability(durability)
        self._ownership = Ownership(self._location)
        self._is_open = False
        self._session: MysqlSession | None = None
        # New jobs that were refused, and may be kept all the same: they are to go.
        self._disowned: dict[int, None] = {}
        # Nothing has worked since the connection was lost.
        self._is_failing = False

    def open(self) -> Inventory:
        """Connect, take the store, make its tables if there are none, and look at them.

        Raises:
            StoreError: the server is not there or refuses the user, the store is in use
                by another job server, its tables are of a newer version or of
                something else, or commits would be less durable than is asked for.
        """
        connection = MysqlConnection(self._location)
        try:
            reason = lack(read_settings(connection), self._durability)
            if reason:
                raise connection.explained(reason)
            self._ownership.lock(connection)
            prepare_schema(connection, self._location.prefix)
            self._ownership.watch(connection)
            self._ownership.begin(connection)
            session = self._session_over(connection)
            inventory = session.inventory()
        except BaseException:
            connection.close()
            raise
        self._session, self._is_open = session, True
        self._is_failing = self.is_lost = False
        self._disowned.clear()
        return inventory

    def _session_over(self, connection: MysqlConnection) -> MysqlSession:
        return MysqlSession(connection, self._location.prefix, self._ownership)

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns.

        If the connection is lost, it is made again and the batch written, unless it
        turns out to be kept already.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed. Another job server may have taken the store: then none does.
        """
        self._check()
        if batch.changes_nothing():
            return
        try:
            self._commit(batch)
        except StoreError as error:
            self._is_failing = True
            self.is_lost = isinstance(error, TakenError)
            raise
        self._is_failing = False

    def _commit(self, batch: Batch) -> None:
        try:
            session = self._connected()
            batch.ended.update(self._disowned)
            _write(session, batch)
        except ServerLostError:
            self._lose(batch)
            if self._is_failing:
                raise
            self._commit_again(batch)
        self._disowned.clear()

    def _commit_again(self, batch: Batch) -> None:
        """Connect again, and write the batch unless it is kept already.

        A server that is restarted, or replaced by its standby, costs submitters nothing
        but the wait.
        """
        try:
            until = time.monotonic() + self._location.connect_timeout
            was_committed = self._reconnect(until)
            if was_committed:
                return
            assert self._session is not None
            _write(self._session, batch)
        except ServerLostError:
            self._lose(batch)
            raise

    def _lose(self, batch: Batch) -> None:
        """Note that it is not known what has become of a batch."""
        self._disconnect()
        self._disowned.update((record.number, None) for record in batch.added)

    def _connected(self) -> MysqlSession:
        """Return the session, made again if the connection was lost.

        Raises:
            StoreError: the server is not there, or not to be used.
        """
        if self._session is None:
            self._reconnect(0.0)
        assert self._session is not None
        return self._session

    def _reconnect(self, until: float) -> bool:
        """Connect again, for as long as until a time; raises as ``_connected``.

        Returns:
            Whether the last transaction was committed whose answer was lost.
        """
        while True:
            try:
                return self._reconnect_once()
            except TakenError:
                raise
            except StoreError:
                if time.monotonic() >= until:
                    raise
            time.sleep(_PAUSE)

    def _reconnect_once(self) -> bool:
        connection = MysqlConnection(self._location)
        try:
            was_committed = self._ownership.resume(connection)
            session = self._session_over(connection)
            session.load()
        except BaseException:
            connection.close()
            raise
        self._session = session
        return was_committed

    def _disconnect(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.connection.close()

    def probe(self, health: Health) -> None:
        """Check whether new jobs would be accepted, and fill in the size of the tables.

        Raises:
            StoreError: they would be refused, with the reason.
        """
        self._check()
        health.location = self._location.shown
        try:
            session = self._connected()
            settings = read_settings(session.connection)
            health.durability = settings.shown()
            self._ownership.confirm(session.connection)
            health.size = session.size()
            reason = lack(settings, self._durability)
            if reason:
                raise session.connection.explained(reason)
            if self._is_failing or self._ownership.is_to_beat:
                session.commit(None)
                self._is_failing = False
        except TakenError:
            self.is_lost = True
            raise
        except ServerLostError:
            # The next commit waits for it.
            self._disconnect()
            raise

    def close(self) -> None:
        """Disconnect, which gives the store free; closing it twice does nothing."""
        self._is_open = False
        session = self._session
        if session is not None and self._disowned:
            with suppress(StoreError):
                session.commit(_ending(self._disowned))
        if session is not None:
            with suppress(StoreError):
                self._ownership.give_up(session.connection)
        self._disconnect()

    def answer(self, query: Query) -> None:
        """Answer a query of any kind, or put into it why it cannot be answered."""
        super().answer(query)
        if query.error and self._is_open and self._session is None:
            # The connection was lost meanwhile.
            query.begin_again()
            super().answer(query)

    def page(self, query: Page) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            session.page(query)

    def page_due(self, query: DuePage) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            session.page(query)

    def find_job(self, query: FindJob) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            query.record = session.reader.find(query, is_dead=False)

    def find_key(self, query: FindKey) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            query.record = session.reader.find_key(query)

    def list_jobs(self, query: ListJobs) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            session.list_jobs(query)

    def list_dead(self, query: ListDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            session.list_dead(query)

    def find_dead(self, query: FindDead) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            query.record = session.reader.find(query, is_dead=True)

    def find_result(self, query: FindResult) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            session.results.find(session.connection, query)

    def list_endings(self, query: ListEndings) -> None:
        """Answer the query; raises StoreError if the store cannot be read."""
        with self._reading() as session:
            session.endings.list(session.connection, query)

    @contextmanager
    def _reading(self) -> Iterator[MysqlSession]:
        """Return the session; a lost connection is given up."""
        self._check()
        try:
            yield self._connected()
        except ServerLostError:
            self._disconnect()
            raise
        except ValueError as error:
            raise StoreError(f"the store {self._location.shown}: {error}") from error

    def _check(self) -> None:
        if not self._is_open:
            raise StoreError(f"the store {self._location.shown} is not open")


def _write(session: MysqlSession, batch: Batch) -> None:
    """Write a batch, again if the server ends a deadlock by rolling it back.

    The store's own transactions come one after the other: who locks rows in another
    order is an operator's session, or another server of a Galera cluster.
    """
    for _ in range(_RETRIES):
        with suppress(DeadlockError):
            session.commit(batch)
            return
    session.commit(batch)


def _ending(numbers: dict[int, None]) -> Batch:
    batch = Batch(0)
    batch.ended.update(numbers)
    return batch


def look_at(location: str, durability: str) -> str:
    """Return a sentence on what is there, without taking the store.

    Raises:
        OptionError: the URL cannot be read.
        StoreError: the server is not there, refuses the user, or commits would be less
            durable than is asked for.
    """
    place = location_of(location)
    connection = MysqlConnection(place)
    try:
        settings = read_settings(connection)
        reason = lack(settings, durability)
        if reason:
            raise connection.explained(reason)
        version = connection.rows("SELECT VERSION()")[0][0]
        return f"{visible(version)}, {settings.shown()}"
    finally:
        connection.close()
