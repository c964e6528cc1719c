"""A connection to MySQL or MariaDB: several statements at once, errors as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymysql
from pymysql.constants import CLIENT, ER

from geartrain.errors import StoreError
from geartrain.stores.base import ServerAwayError
from geartrain.stores.mysql.location import MysqlLocation
from geartrain.texts import visible

if TYPE_CHECKING:
    from pymysql.connections import Connection

__all__ = [
    "LOCK_WAIT",
    "DeadlockError",
    "MysqlConnection",
    "ServerAnswer",
    "ServerLostError",
]

# Seconds of silence after which the server ends the connection, and with it the lock: a
# job server looks at its store each second.
_SILENCE: Final = 30
LOCK_WAIT: Final = 10
"""The longest wait for another connection's lock of rows or tables, in seconds."""

# What the store's statements stand on, whatever the server's defaults are.
_SESSION: Final = (
    f"SET SESSION wait_timeout = {_SILENCE}, innodb_lock_wait_timeout = {LOCK_WAIT},"
    f" lock_wait_timeout = {LOCK_WAIT}, sql_mode = 'STRICT_ALL_TABLES',"
    " sql_safe_updates = 0, autocommit = 1 /*M! , max_statement_time = 0 */",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
)

# Smaller packets do not take the largest row.
_LEAST_PACKET: Final = 1024 * 1024
_MEBIBYTE: Final = 1024 * 1024

# The server is shutting down, or somebody has ended the connection: it says so once.
_GOING: Final = {ER.SERVER_SHUTDOWN, 1927, 1317, 4031}

# The transaction was rolled back for another one: in a deadlock, by a server
# of a Galera cluster, or where a row was changed since the first look at it.
_ROLLED_BACK: Final = {ER.LOCK_DEADLOCK, ER.CHECKREAD}

_READ_ONLY: Final = {ER.OPTION_PREVENTS_STATEMENT, 1836, 1792}
_HINTS: Final = {
    ER.DUP_ENTRY: "it is kept already",
    ER.RECORD_FILE_FULL: "the server has no room for it",
    ER.DISK_FULL: "the server's disk is full",
    ER.NET_PACKET_TOO_LARGE: "raise the server's max_allowed_packet",
    ER.LOCK_WAIT_TIMEOUT: "something else holds the store's tables locked",
}


class ServerLostError(ServerAwayError):
    """The connection is lost; what became of the last statement is not known.

    Or its server takes no writes any more, since another one does.
    """


class DeadlockError(StoreError):
    """The transaction was rolled back for another one; made again it may succeed."""


class ServerAnswer(NamedTuple):
    """What the server answers to one statement.

    Attributes:
        changed: how many rows were changed, or are in the answer.
        rows: these rows; none for a statement that changes some.
    """

    changed: int
    rows: Sequence[tuple[Any, ...]]


class MysqlConnection:
    """One connection to a server.

    Attributes:
        number: its number on the server.
        most_bytes: the largest statement, or statements, that the server takes at once.
    """

    def __init__(self, location: MysqlLocation) -> None:
        """Connect.

        Raises:
            ServerLostError: the server is not there.
            StoreError: it refuses the user or database, or is set up in a way that
                keeps the store from working.
        """
        self._shown = location.shown
        self.most_bytes = _LEAST_PACKET
        with self._errors():
            self._connection: Connection[Any] = pymysql.connect(
                **location.arguments(),
                charset="utf8mb4",
                autocommit=True,
                client_flag=CLIENT.MULTI_STATEMENTS,
                program_name="geartrain",
            )
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        self.run(_SESSION)
        asked = "SELECT CONNECTION_ID(), @@max_allowed_packet, @@global.read_only"
        self.number, packet, is_read_only = self.rows(asked)[0]
        if packet < _LEAST_PACKET:
            raise StoreError(
                f"{self._shown}: max_allowed_packet is {packet} bytes: set it to"
                f" {_LEAST_PACKET} or more, better to 16 MiB"
            )
        if is_read_only:
            raise self.explained("the server is read-only: name the one that is not")
        # One of several statements may be one byte longer than said.
        self.most_bytes = min(packet, 16 * _MEBIBYTE) - 1024

    def rows(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Return what a SELECT finds; raises as ``run``."""
        return self.run((statement,))[0].rows

    def run(self, statements: Iterable[str]) -> list[ServerAnswer]:
        """Run statements, as many at once as fit in a packet; return their answers.

        Raises:
            ServerLostError: the connection is lost.
            DeadlockError: the transaction that they are part of was rolled back.
            StoreError: the server refuses one; those before it have been run.
        """
        answers: list[ServerAnswer] = []
        with self._errors(), self._connection.cursor() as cursor:
            for text in self._packets(statements):
                cursor.execute(text)
                answers.append(ServerAnswer(cursor.rowcount, cursor.fetchall()))
                while cursor.nextset():
                    answers.append(ServerAnswer(cursor.rowcount, cursor.fetchall()))
        return answers

    def _packets(self, statements: Iterable[str]) -> Iterator[str]:
        gathered: list[str] = []
        size = 0
        for statement in statements:
            if gathered and size + len(statement) >= self.most_bytes:
                yield ";".join(gathered)
                gathered, size = [], 0
            gathered.append(statement)
            size += len(statement) + 1
        if gathered:
            yield ";".join(gathered)

    def explained(self, reason: str) -> StoreError:
        """Return an error with a reason, and of which server."""
        return StoreError(f"the store {self._shown}: {reason}")

    def kill(self, number: int) -> None:
        """Have the server end another connection of the same user, if it is there."""
        with suppress(StoreError):
            self.run((f"KILL CONNECTION {number}",))

    def close(self) -> None:
        """Disconnect, whatever state the connection is in."""
        with suppress(pymysql.Error, OSError):
            # An orderly close would wait for a server that does not answer.
            self._connection._force_close()  # type: ignore[attr-defined]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise the driver's errors as StoreError."""
        try:
            yield
        except (pymysql.Error, OSError) as error:
            code, text = (*error.args, "", "")[:2]
            said = visible(str(text or code or type(error).__name__))
            # The driver's own errors have numbers from 2000 to 2999.
            is_lost = not isinstance(code, int) or code in _GOING or not code
            if is_lost or 2000 <= code < 3000:
                raise ServerLostError(f"the store {self._shown}: {said}") from error
            if code in _READ_ONLY:
                said += ": name the server that is not read-only"
                raise ServerLostError(f"the store {self._shown}: {said}") from error
            if code in _ROLLED_BACK:
                raise DeadlockError(f"the store {self._shown}: {said}") from error
            hint = _HINTS.get(code, "")
            raise self.explained(f"{said} ({hint})" if hint else said) from error
        except RuntimeError as error:
            # MySQL 8 may ask for a way to authenticate that needs another package.
            hint = "pip install 'PyMySQL[rsa]', or use TLS"
            raise self.explained(f"{error}: {hint}") from error
