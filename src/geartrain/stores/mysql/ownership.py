"""Who may write a MySQL store: one job server at a time.

A lock by name (``GET_LOCK``) goes with its connection, so that a job server that has
died leaves nothing behind. It is not enough alone: a connection can be lost while its
job server lives, and a proxy or a cluster of servers may give the lock twice. So each
transaction begins with the fence: it counts itself in the row of ``store``, if that
still has the epoch of this job server, and this number of transactions. Another server
that takes the store raises the epoch, and all that the former one sends is refused.

The count also tells what became of a transaction whose answer was lost. And where each
server of a cluster has locks of its own (Galera), it tells at the start whether another
job server is there: that one would otherwise be robbed of the store, and rob it back.
"""

from __future__ import annotations

import os
import socket
import time
from hashlib import blake2b
from secrets import token_hex
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.errors import StoreError, StoreInUseError
from geartrain.stores.job_packing import bits_of
from geartrain.stores.mysql.connection import LOCK_WAIT, MysqlConnection
from geartrain.stores.mysql.location import MysqlLocation
from geartrain.stores.mysql.statements import literal
from geartrain.texts import visible

__all__ = ["Ownership", "TakenError"]


# Seconds to wait for the lock: a server needs a moment to notice that a connection was
# lost.
_PATIENCE: Final = 0.5
# The same at the start after a job server that has died, whose last statement may wait
# for rows that another session has locked: its server notices no earlier.
_DEAD_PATIENCE: Final = LOCK_WAIT + 2.0
_PAUSE: Final = 0.1
# Seconds for which the count of transactions has to stand still at the start, where a
# lock says nothing: who has the store counts one each second.
_STILL: Final = 3.0


class TakenError(StoreError):
    """Another job server has taken the store."""


class Ownership:
    """One job server's right to write a store.

    Attributes:
        commits: how many transactions the store has seen.
        is_to_beat: a transaction is to be made each second, as a lock says nothing.
    """

    def __init__(self, location: MysqlLocation) -> None:
        self._table = f"{location.prefix}store"
        self._shown = location.shown
        name = f"{location.server.database}\0{location.prefix}".encode()
        # The names of locks are short, and the same for all databases of a server.
        self._lock = f"geartrain:{blake2b(name, digest_size=16).hexdigest()}"
        # A second lock tells this job server's own connections from others: their
        # numbers begin anew when the database server is restarted.
        self._mark = f"geartrain:{token_hex(16)}"
        self._epoch = 0
        self.commits = 0
        self.is_to_beat = False

    def lock(self, connection: MysqlConnection) -> None:
        """Take the lock, at the start.

        Raises:
            StoreError: another job server has it.
        """
        if self._locks(connection):
            return
        if not (
            _has_died(self._owner(connection))
            and self._locks(connection, _DEAD_PATIENCE)
        ):
            raise self._in_use(connection)

    def watch(self, connection: MysqlConnection) -> None:
        """Look whether another job server is at work by another server of a cluster.

        Raises:
            StoreError: one is.
        """
        self.is_to_beat = _is_one_of_several(connection)
        if not self.is_to_beat or not self._owner(connection):
            return
        before = self._seen(connection)
        end = time.monotonic() + _STILL
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            if self._seen(connection) != before:
                raise self._in_use(connection)

    def begin(self, connection: MysqlConnection) -> None:
        """Raise the epoch: whoever owned the store before cannot write from now on."""
        owner = f"{socket.gethostname()} process {os.getpid()}".encode()[:255]
        connection.run(
            (
                f"UPDATE {self._table} SET epoch = epoch + 1, owner = {literal(owner)}"
                " WHERE id = 1",
            )
        )
        self._epoch, self.commits = self._seen(connection)

    def resume(self, connection: MysqlConnection) -> bool:
        """Take the lock again, over a new connection.

        Returns:
            Whether the transaction was committed that was under way when the former
            connection was lost.

        Raises:
            TakenError: another job server has taken the store meanwhile.
            StoreError: the lock is not to be had yet.
        """
        # The server may not have noticed yet that the former connection is lost.
        holder, ours = connection.rows(
            f"SELECT IS_USED_LOCK('{self._lock}'), IS_USED_LOCK('{self._mark}')"
        )[0]
        if holder is not None and holder == ours:
            connection.kill(holder)
        if not self._locks(connection):
            raise self._in_use(connection)
        epoch, commits = self._seen(connection)
        if epoch != self._epoch:
            raise self._taken()
        was_committed = commits > self.commits
        self.commits = commits
        return was_committed

    def fence(self, batch: Batch | None) -> str:
        """Return the first statement of a transaction: it changes one row, or none.

        With it come the numbers that a batch reserves, and its clock.
        """
        sets = ["commits = commits + 1"]
        if batch is not None and batch.reserved:
            sets.append(f"reserved = GREATEST(reserved, {batch.reserved})")
        if batch is not None and batch.steady:
            sets.append(f"steady = {bits_of(batch.steady)}")
            sets.append(f"calendar = {bits_of(batch.calendar)}")
        return (
            f"UPDATE {self._table} SET {', '.join(sets)} WHERE id = 1"
            f" AND epoch = {self._epoch} AND commits = {self.commits}"
        )

    def refusal(self, connection: MysqlConnection) -> StoreError:
        """Return why the fence did not let a transaction through."""
        epoch, commits = self._seen(connection)
        if epoch != self._epoch:
            return self._taken()
        return connection.explained(
            f"it has seen {commits} transactions instead of {self.commits}: it was"
            " put back to an earlier state while in use: restart the job server"
        )

    def give_up(self, connection: MysqlConnection) -> None:
        """Give the lock free, for whoever comes next."""
        connection.rows(f"SELECT RELEASE_LOCK('{self._lock}')")

    def confirm(self, connection: MysqlConnection) -> None:
        """Check that the store is still this job server's.

        Raises:
            TakenError: it is not.
        """
        if self._seen(connection)[0] != self._epoch:
            raise self._taken()

    def _locks(self, connection: MysqlConnection, patience: float = _PATIENCE) -> bool:
        end = time.monotonic() + patience
        while connection.rows(f"SELECT GET_LOCK('{self._lock}', 0)")[0][0] != 1:
            if time.monotonic() > end:
                return False
            time.sleep(_PAUSE)
        connection.rows(f"SELECT GET_LOCK('{self._mark}', 0)")
        return True

    def _seen(self, connection: MysqlConnection) -> tuple[int, int]:
        """Return the epoch and the count of the store, once nothing changes them.

        A transaction that is still under way on the server is waited for.
        """
        rows = connection.rows(
            f"SELECT epoch, commits FROM {self._table} WHERE id = 1 FOR UPDATE"
        )
        if not rows:
            raise connection.explained(f"the table {self._table} is empty")
        epoch, commits = rows[0]
        return epoch, commits

    def _owner(self, connection: MysqlConnection) -> str:
        """Return who has the store, as its row says; empty if it does not."""
        try:
            rows = connection.rows(f"SELECT owner FROM {self._table} WHERE id = 1")
        except StoreError:
            # There is no such table yet.
            return ""
        return visible(rows[0][0].decode("utf-8", "replace")) if rows else ""

    def _in_use(self, connection: MysqlConnection) -> StoreError:
        owner = self._owner(connection)
        by = f": {owner}" if owner else ""
        return StoreInUseError(
            f"the store {self._shown}: it is in use by another job server{by}"
        )

    def _taken(self) -> TakenError:
        return TakenError(
            f"the store {self._shown}: another job server has taken it over: stop one"
            " of both, and restart the other"
        )


def _is_one_of_several(connection: MysqlConnection) -> bool:
    """Tell whether a server is one of a Galera cluster, of which any can be written."""
    found = connection.rows("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'")
    return len(found) > 0 and found[0][1] in ("ON", b"ON")


def _has_died(owner: str) -> bool:
    """Tell whether an owner seems to be a process of this machine that has ended.

    It may be one of another container with this machine's name: so this is reason to
    wait, and not to take the store.
    """
    host, _, number = owner.rpartition(" process ")
    if host != visible(socket.gethostname()) or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
