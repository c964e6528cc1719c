"""The PostgreSQL store: one connection that writes, one transaction a batch.

    store ── session      the connection: what its server is, statements out, rows in
       ├──── ownership    whose jobs these are: the lease, and the fence of each batch
       ├──── transaction  a batch as statements, with an array for each column
       └──── reading      what the engine asks

A connection that is lost is made again, and the batch is written again. If it was lost
while its COMMIT was under way, the mark that each transaction leaves tells whether it
was committed; nobody is asked to guess.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.health import Health
from geartrain.errors import OptionError, StoreError
from geartrain.stores.postgresql.answers import PostgresqlAnswers
from geartrain.stores.postgresql.common import CommonEntries, share
from geartrain.stores.postgresql.emptying import MANY
from geartrain.stores.postgresql.insertion import leave_out_giants
from geartrain.stores.postgresql.inventory import (
    gather,
    read_inventory,
    read_lanes,
    ready_again,
)
from geartrain.stores.postgresql.location import read_location
from geartrain.stores.postgresql.ownership import (
    FencedError,
    InUseError,
    LeaseLostError,
    Ownership,
)
from geartrain.stores.postgresql.schema import migrate
from geartrain.stores.postgresql.session import (
    DatabaseSession,
    DeadlockError,
    SessionLostError,
    explain,
    is_fatal,
)
from geartrain.stores.postgresql.transaction import CommitProgress, Transaction

__all__ = ["PostgresqlStore"]

# Seconds for which a batch waits for a server that restarts or fails over; then its new
# jobs are refused.
_PATIENCE: Final = 10.0
# Further attempts after a deadlock, of which one of two always has success.
_RETRIES: Final = 10
# Seconds from one attempt to connect to the next.
_PAUSE: Final = 0.2
# Seconds from one look at the size of the tables to the next.
_MEASURE_EVERY: Final = 10.0
# Seconds from one look for lanes without a node to the next, and for those that have
# become empty.
_LOOK_EVERY: Final = 1.0
_FREE_EVERY: Final = 30.0

_SIZE: Final = (
    "SELECT sum(pg_total_relation_size(oid))::int8 FROM pg_class"
    " WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
)
_DOUBLES: Final = (
    "SELECT EXISTS (SELECT 1 FROM @job WHERE claim > 0 AND key IS NOT NULL"
    " AND NOT is_dead)"
)


class PostgresqlStore(PostgresqlAnswers):
    """Background jobs in a PostgreSQL database."""

    def __init__(self, location: str, durability: str) -> None:
        """Keep jobs in a database.

        Args:
            location: its URL, as ``check_location`` returns it.
            durability: ``disk`` if commits must survive a power cut of the database's
                server.

        Raises:
            OptionError: there is no such durability, or the URL cannot be read.
        """
        if durability not in {"disk", "os", "memory"}:
            raise OptionError(
                f"{durability!r} is no durability: use disk, os or memory"
            )
        self._location = read_location(location)
        self._durability = durability
        self._session: DatabaseSession | None = None
        self._ownership = Ownership(is_shared=self._location.is_shared)
        self._progress = CommitProgress()
        self._common = CommonEntries()
        self._is_open = False
        self._is_away = False
        # The transaction whose COMMIT was sent and not answered, and its batch.
        self._doubtful: tuple[Transaction, Batch] | None = None
        # The number of the last transaction that was committed for certain.
        self._committed = 0
        # New jobs that were refused and may have been committed all the same.
        self._disowned: dict[int, None] = {}
        self._measured = self._looked = self._freed = 0.0
        self._size: int | None = None

    def open(self) -> Inventory:
        """Connect, make or migrate the tables, and say what they keep.

        Raises:
            StoreError: the server is away or refuses, another job server has the store,
                or the tables are not ours.
        """
        if self._is_open:
            raise StoreError(f"the store {self._location.shown} is open already")
        with explain(self._location):
            session = DatabaseSession(self._location, self._durability)
            try:
                session.server.durability(self._durability)
                self._claim(session)
                self._progress = CommitProgress()
                self._committed = 0
                inventory = read_inventory(session, self._ownership, self._progress)
                self._common.read(session, inventory.entries)
                self._progress.has_doubles = session.ask(_DOUBLES)[0][0]
                self._lease(self._ownership.until)
                self._look_around(session)
            except BaseException:
                session.close()
                raise
        self._session, self._is_open, self._is_away = session, True, False
        return inventory

    def _claim(self, session: DatabaseSession) -> None:
        """Become a node, as soon as no other can live that has what it needs."""
        # What was seen in an earlier life may have been long ago.
        self._ownership = Ownership(is_shared=self._location.is_shared)
        with session.transaction():
            migrate(session, self._location.schema)
        self._ownership.await_time(session)
        try:
            self._try_to_claim(session)
        except InUseError:
            if not self._ownership.watch(session):
                raise
            self._try_to_claim(session)

    def _try_to_claim(self, session: DatabaseSession) -> None:
        with session.transaction():
            # Others that start wait for this transaction.
            migrate(session, self._location.schema)
            self._ownership.claim(session, self.node, self.identity)
            share(session, self._ownership.lanes)

    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns.

        A server that restarts is waited for, once.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed.
        """
        self._check_open()
        leave_out_giants(batch)
        deadline = time.monotonic() + (0.0 if self._is_away else _PATIENCE)
        retries = _RETRIES
        while True:
            try:
                try:
                    self._commit(batch)
                except FencedError:
                    self._regain()
                    self._commit(batch)
            except LeaseLostError:
                self.is_lost = True
                raise
            except SessionLostError as error:
                if isinstance(error, DeadlockError) and retries:
                    retries -= 1
                    continue
                self._drop_session()
                if time.monotonic() >= deadline:
                    self._give_up(batch)
                    raise
                time.sleep(_PAUSE)
            else:
                self._is_away = False
                self._keep_house()
                return

    def _commit(self, batch: Batch) -> None:
        with self._connected() as session:
            if self._was_committed(session, batch):
                return
            disowned = self._disowned
            if disowned:
                batch.ended.update(disowned)
            transaction = self._transaction(session)
            try:
                with session.pipeline():
                    transaction.prepare(batch)
                    self._doubtful = (transaction, batch)
                    session.send("COMMIT")
            except psycopg.Error as error:
                if not (is_fatal(error) or session.is_lost()):
                    self._doubtful = None
                    self._undo(session)
                if isinstance(error, psycopg.errors.NotNullViolation):
                    raise FencedError("the lease has ended") from error
                raise
            except BaseException:
                self._doubtful = None
                self._undo(session)
                raise
            self._settle(transaction)

    def _settle(self, transaction: Transaction) -> None:
        """Note what has been committed."""
        self._doubtful = None
        self._disowned = {}
        self._committed = transaction.serial
        self._progress.reserved = transaction.reserved
        self._common.note(transaction.common)
        self._lease(transaction.lease_until)
        if transaction.again:
            self.again += (ready_again(transaction.again),)

    def _keep_house(self) -> None:
        """Do what is due after a commit, which is made whatever comes of it."""
        try:
            with self._connected() as session:
                if self._progress.is_fold_due():
                    self._transaction(session).fold()
                self._look_around(session)
        except LeaseLostError:
            self.is_lost = True
        except StoreError:
            self._drop_session()

    def _transaction(self, session: DatabaseSession) -> Transaction:
        return Transaction(session, self._ownership, self._progress, self._durability)

    def _regain(self) -> None:
        """Go on after a lease that has ended, if nobody has taken over.

        Raises:
            LeaseLostError: another job server has.
        """
        with self._connected() as session:
            self._renew(session)

    def _undo(self, session: DatabaseSession) -> None:
        """Roll back; what a transaction dropped is there again."""
        self._progress.results.forget()
        self._progress.endings.forget()
        session.roll_back()

    def _was_committed(self, session: DatabaseSession, batch: Batch) -> bool:
        """Find out about a COMMIT that was not answered; tell if it was this batch's.

        Jobs that it let run once more have ended before that: a batch which repeats
        what it was refused ends them no second time.

        Raises:
            LeaseLostError: another job server has taken over.
        """
        if self._doubtful is None:
            return False
        transaction, doubtful = self._doubtful
        with session.transaction():
            self._ownership.confirm(session)
            mark = session.ask(
                "SELECT 1 FROM @tally WHERE lane = %s::smallint AND serial = %s",
                self._ownership.lane,
                transaction.serial,
            )
        self._doubtful = None
        if mark and transaction.again:
            self.again += (ready_again(transaction.again),)
            for number, *_ in transaction.again:
                batch.ended.pop(number, None)
                self._disowned.pop(number, None)
        return bool(mark) and doubtful is batch

    def _give_up(self, batch: Batch) -> None:
        """Note that the new jobs of a batch are refused."""
        self._is_away = True
        if self._doubtful is not None and self._doubtful[1] is batch:
            added = [each.number for each in batch.added]
            self._disowned.update(dict.fromkeys(added))

    def hang_up(self) -> None:
        """End the connection: what waits for its answer fails, or finds another."""
        session = self._session
        if session is not None:
            session.hang_up()

    def probe(self, health: Health) -> None:
        """Check whether new jobs would be accepted, and fill in ``health``.

        Raises:
            StoreError: they would be refused; the message says why.
        """
        self._check_open()
        health.location = self._location.shown
        try:
            with self._connected() as session:
                health.durability = session.server.durability(self._durability)
                if self._ownership.is_due() and self._doubtful is None:
                    self._renew(session)
                if self._doubtful is None:
                    self._look_around(session)
                self._measure(session)
                self._ownership.announce(session, self.address)
                health.nodes = self._ownership.nodes(session)
                if self._progress.has_doubles:
                    self._progress.has_doubles = session.ask(_DOUBLES)[0][0]
        except LeaseLostError:
            self.is_lost = True
            raise
        except SessionLostError:
            self._drop_session()
            raise
        health.size = self._size

    def _renew(self, session: DatabaseSession) -> None:
        with session.transaction():
            self._ownership.confirm(session)
            until = self._ownership.renew(session)
        self._lease(until)

    def _lease(self, until: float) -> None:
        """Note until when what is kept here is surely ours; look around soon.

        Others take it that who has renewed its lease has looked around since.
        """
        if until > self._ownership.until:
            self._looked = 0.0
        self._ownership.until = self.lease_until = until

    def _look_around(self, session: DatabaseSession) -> None:
        """See once a second what others have left, and have put for everybody."""
        now, owner = time.monotonic(), self._ownership
        if now < self._looked + _LOOK_EVERY:
            return
        self._looked = now
        if owner.has_heirs(session):
            self._inherit(session)
        self.is_leading, self.share = owner.is_leading, owner.share
        if owner.is_shared:
            self.common = {**self.common, **self._common.look(session)}
        is_due = owner.held > MANY or now >= self._freed + _FREE_EVERY
        if len(owner.lanes) > 1 and is_due:
            self._freed = now
            self._progress.serial += 1
            owner.give_up(session, self._progress.serial)

    def _inherit(self, session: DatabaseSession) -> None:
        owner = self._ownership
        try:
            with session.transaction():
                lanes, is_leading = owner.inherit(session)
                share(session, lanes)
                inventory = read_lanes(session, lanes, self._progress, is_leading)
                gather(session, lanes, owner.lane)
        except psycopg.errors.LockNotAvailable:
            # A transaction of the dead node goes on; PostgreSQL ends it in a moment.
            return
        if lanes or is_leading:
            owner.lanes = sorted({*owner.lanes, *lanes})
            owner.is_leading = owner.is_leading or is_leading
            self.adopted += (inventory,)

    def _measure(self, session: DatabaseSession) -> None:
        """Look how large the tables are, from time to time."""
        now = time.monotonic()
        if self._size is None or now >= self._measured + _MEASURE_EVERY:
            self._measured = now
            ((self._size,),) = session.ask(_SIZE, self._location.schema)

    def close(self) -> None:
        """Let others have the store, and disconnect; closing it twice does nothing."""
        session, self._session = self._session, None
        was_open, self._is_open = self._is_open, False
        if session is None or not was_open:
            return
        with suppress(psycopg.Error):
            self._ownership.release(session)
        session.close()

    @contextmanager
    def _reading(self) -> Iterator[DatabaseSession]:
        """Return a connection to read from; one that was lost is not used again."""
        self._check_open()
        try:
            with self._connected() as session:
                yield session
        except SessionLostError:
            self._drop_session()
            raise

    @contextmanager
    def _connected(self) -> Iterator[DatabaseSession]:
        """Return a connection; what goes wrong with it becomes a StoreError."""
        is_new = self._session is None
        session = self._session or DatabaseSession(self._location, self._durability)
        self._session = session
        with explain(self._location, session.is_lost):
            if is_new:
                self._check_kept(session)
            yield session

    def _check_kept(self, session: DatabaseSession) -> None:
        """Check that a database which was away has all that it had confirmed.

        A standby that is promoted may lag behind, one without ``fsync`` or synchronous
        commits lose the last second, an older copy be restored. What has ended would be
        there again, and nobody in memory know it: an equal job would join it, and wait.

        Raises:
            LeaseLostError: it has not; what it has is to be read anew.
        """
        if not self._committed:
            return
        self._check_open()
        text = "SELECT max(serial)::int8 FROM @tally WHERE lane = %s::smallint"
        ((last,),) = session.ask(text, self._ownership.lane)
        if (last or 0) < self._committed:
            self.why_lost = (
                f"the store {self._location.shown} has lost what it had confirmed: it"
                " is an older copy, or a standby that lagged behind; jobs that ended"
                " last run once more, and those submitted last may be gone"
            )
            self.is_lost = True
            raise LeaseLostError(self.why_lost)

    def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _check_open(self) -> None:
        if not self._is_open:
            raise StoreError(f"the store {self._location.shown} is not open")
        if self.is_lost:
            raise LeaseLostError(f"the store {self._location.shown} was taken over")
