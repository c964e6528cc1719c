"""A connection to PostgreSQL: how it is made, and what its server is."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.types.numeric import FloatBinaryDumper, Int8BinaryDumper
from psycopg.types.string import BytesBinaryDumper

from geartrain.errors import StoreError
from geartrain.stores.base import ServerAwayError
from geartrain.stores.postgresql.arrays import register
from geartrain.stores.postgresql.location import PostgresqlLocation
from geartrain.texts import visible

__all__ = [
    "BEGIN",
    "DatabaseServer",
    "DatabaseSession",
    "DeadlockError",
    "Row",
    "SessionLostError",
    "Unanswered",
    "explain",
    "is_fatal",
]

Row = tuple[Any, ...]

# It warns of errors that it leaves out, which are those of a connection that is lost.
logging.getLogger("psycopg").setLevel(logging.ERROR)

# libpq's settings where the URL says nothing. Seconds, but for the last, which is
# milliseconds: a server that is gone without a word is noticed after 10 s.
_PATIENCE: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "geartrain",
}
_VARIABLES: Final = {
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "application_name": "PGAPPNAME",
}
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Begins a transaction: one that sees what others have committed before each statement.

A pooler's connection has the defaults of its user, which may be others.
"""

# One type for all integers: a statement is prepared once for each type of its values.
_DUMPERS: Final[tuple[tuple[type, type[Dumper]], ...]] = (
    (int, Int8BinaryDumper),
    (float, FloatBinaryDumper),
    (bytes, BytesBinaryDumper),
)
_LEAST_VERSION: Final = 130000

# What a server says of a connection that is of no use any more, although it lasts: the
# server takes no writes since a failover, or a table has changed under what was
# prepared.
_STALE: Final = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.InvalidSqlStatementName,
    psycopg.errors.DuplicatePreparedStatement,
)


class SessionLostError(ServerAwayError):
    """The connection is of no use any more: another one may be, or be so soon.

    It was lost, the server is away, or it is no server to write to.
    """


class DeadlockError(SessionLostError):
    """Two job servers waited for each other's jobs with equal uniques.

    One ended a job, and the other submitted it again, and the other way round.
    """


class DatabaseServer(NamedTuple):
    """What a server says of itself.

    Attributes:
        version: such as ``15.18``.
        settings: those that decide what a commit survives, by their names.
        standbys: how many standbys follow synchronously.
        is_pooled: what answers is a pooler, such as PgBouncer: the next transaction
            may be another server process's.
    """

    version: str
    settings: dict[str, str]
    standbys: int
    is_pooled: bool

    def level(self, durability: str) -> str:
        """Return what ``synchronous_commit`` is to be."""
        if durability != "disk":
            return "off"
        given = self.settings["synchronous_commit"]
        return "on" if given == "off" else given

    def durability(self, durability: str) -> str:
        """Return the durability in force, in words.

        Raises:
            StoreError: it is less than ``durability`` asks for.
        """
        level = self.level(durability)
        lost = [
            name
            for name in ("fsync", "full_page_writes")
            if self.settings[name] == "off" and durability == "disk"
        ]
        if lost:
            raise StoreError(
                f"PostgreSQL runs with {' and '.join(f'{name}=off' for name in lost)}:"
                " a power cut loses jobs; change that there, or accept it by"
                " --durability os"
            )
        said = f"PostgreSQL {self.version}, synchronous_commit={level}"
        if self.settings["synchronous_standby_names"]:
            said += f", {self.standbys} synchronous standbys"
        return said


class Unanswered:
    """A statement that was sent; whoever asks for its rows waits for them."""

    def __init__(self, cursor: psycopg.Cursor[Row]) -> None:
        self._cursor = cursor

    def rows(self) -> list[Row]:
        """Return the rows that the statement returned."""
        return self._cursor.fetchall()

    def count(self) -> int:
        """Return how many rows it wrote."""
        return self._cursor.rowcount


class DatabaseSession:
    """One connection to the server, in autocommit mode.

    In statements ``@`` stands for the schema and a dot, and ``%s`` for values.
    """

    def __init__(self, location: PostgresqlLocation, durability: str) -> None:
        """Connect.

        Raises:
            LostError: the server is not there.
            StoreError: it refuses, or cannot be a store.
        """
        self.location = location
        self._texts: dict[str, bytes] = {}
        with explain(location):
            self.connection = _connect(location)
            # A prepared statement is the server process's, and with a pooler the next
            # transaction may be another's.
            self._is_preparing = False
            try:
                self.server = self._look()
                if not self.server.is_pooled:
                    self._is_preparing = True
                    self._settle_down(durability)
            except BaseException:
                self.connection.close()
                raise

    def _look(self) -> DatabaseServer:
        """Ask the server what it is.

        Raises:
            StoreError: it cannot be a store.
        """
        ((pid, is_standby, number, version),) = self.ask(
            "SELECT pg_backend_pid()::int8, pg_is_in_recovery(),"
            " current_setting('server_version_num')::int8,"
            " current_setting('server_version')"
        )
        if number < _LEAST_VERSION:
            raise StoreError(f"PostgreSQL {version} is too old: 13 is needed")
        if is_standby:
            raise SessionLostError(
                "this PostgreSQL is a standby, which cannot be written: name the"
                " primary, or all servers: postgresql://a,b/database"
            )
        rows = self.ask(
            "SELECT name, setting FROM pg_settings WHERE name IN"
            " ('synchronous_commit', 'fsync', 'full_page_writes',"
            " 'synchronous_standby_names')"
        )
        ((standbys,),) = self.ask(
            "SELECT count(*) FROM pg_stat_replication"
            " WHERE sync_state IN ('sync', 'quorum')"
        )
        is_pooled = pid != self.connection.pgconn.backend_pid
        return DatabaseServer(
            str(version).partition(" ")[0], dict(rows), standbys, is_pooled
        )

    def _settle_down(self, durability: str) -> None:
        """Set what holds for this connection, whatever the defaults of its user are.

        Plans are made while the tables are still empty: each is to use its index all
        the same. The transaction of a node that stopped in the middle of it ends before
        its lease.
        """
        self.ask(
            "SELECT set_config(name, value, false) FROM (VALUES"
            " ('synchronous_commit', %s::text), ('enable_seqscan', 'off'),"
            " ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'),"
            " ('jit', 'off'), ('idle_in_transaction_session_timeout', '5s'),"
            " ('statement_timeout', '0'), ('lock_timeout', '10s'),"
            " ('default_transaction_isolation', 'read committed'),"
            # Of newer versions.
            " ('idle_session_timeout', '0'), ('transaction_timeout', '0'),"
            " ('tcp_user_timeout', '10s')) AS settings(name, value)"
            " WHERE name IN (SELECT name FROM pg_settings)",
            self.server.level(durability),
        )

    def send(self, text: str, *values: object) -> Unanswered:
        """Carry out a statement; within ``pipeline`` without waiting for the answer."""
        encoded = self._texts.get(text)
        if encoded is None:
            schema = f"{self.location.schema}."
            encoded = self._texts[text] = text.replace("@", schema).encode()
        cursor = self.connection.cursor(binary=True)
        # To plan statements each time takes a third of the server's CPU with batches of
        # 100 jobs. Not left to psycopg's threshold: a statement that reaches it in a
        # pipeline that fails is taken for prepared ever after.
        cursor.execute(encoded, values or None, prepare=self._is_preparing)
        return Unanswered(cursor)

    def ask(self, text: str, *values: object) -> list[Row]:
        """Carry out a statement that returns rows; return them."""
        return self.send(text, *values).rows()

    def local_host(self) -> str:
        """Return the address by which this machine reaches the server.

        That is loopback's for a unix socket.
        """
        with socket.socket(fileno=os.dup(self.connection.fileno())) as connected:
            if connected.family not in {socket.AF_INET, socket.AF_INET6}:
                return "127.0.0.1"
            host: str = connected.getsockname()[0]
            return host

    @contextlib.contextmanager
    def pipeline(self) -> Iterator[None]:
        """Send what is sent in the block without waiting; end when all is answered."""
        with self.connection.pipeline() as self._pipeline:
            yield

    def sync(self) -> None:
        """Within ``pipeline``: wait until all that was sent is answered."""
        self._pipeline.sync()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block does, or roll it back if it raises."""
        self.send(BEGIN)
        try:
            yield
        except BaseException:
            self.roll_back()
            raise
        self.send("COMMIT")

    def roll_back(self) -> None:
        """End a transaction that failed, as far as there still is a connection."""
        with contextlib.suppress(psycopg.Error):
            self.send("ROLLBACK")

    def hang_up(self) -> None:
        """End the connection under a thread that waits for an answer."""
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.connection.fileno())) as connected,
        ):
            connected.shutdown(socket.SHUT_RDWR)

    def is_lost(self) -> bool:
        """Tell whether the connection cannot be used any more."""
        return self.connection.closed

    def close(self) -> None:
        """Disconnect."""
        with contextlib.suppress(psycopg.Error):
            self.connection.close()


def _connect(location: PostgresqlLocation) -> psycopg.Connection[Row]:
    settings = psycopg.conninfo.conninfo_to_dict(location.url)
    # What the environment or a service file says counts, too.
    defaults = {} if settings.get("service") else _PATIENCE
    unsaid: dict[str, Any] = {
        name: value
        for name, value in defaults.items()
        if name not in settings and _VARIABLES.get(name, "") not in os.environ
    }
    # With None nothing would be prepared, whatever a statement says. Names are text
    # here, whatever the encoding of the database.
    connection: psycopg.Connection[Row] = psycopg.connect(
        location.url,
        autocommit=True,
        prepare_threshold=0,
        client_encoding="utf8",
        **unsaid,
    )
    for kind, dumper in _DUMPERS:
        connection.adapters.register_dumper(kind, dumper)
    register(connection)
    return connection


@contextlib.contextmanager
def explain(
    location: PostgresqlLocation, is_lost: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    """Raise psycopg's errors as StoreError, LostError if the connection is lost."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        has_ended = is_fatal(error) or is_lost()
        kind: type[StoreError] = SessionLostError if has_ended else StoreError
        if isinstance(error, psycopg.errors.DeadlockDetected):
            kind = DeadlockError
        raise kind(f"the store {location.shown}: {_said(error)}") from error
    except psycopg.Error as error:
        kind = SessionLostError if isinstance(error, _STALE) else StoreError
        said = _said(error)
        if isinstance(error, psycopg.errors.UniqueViolation):
            said = f"a number is that of a job of another job server there ({said})"
        raise kind(f"the store {location.shown}: {said}") from error


def is_fatal(error: psycopg.Error) -> bool:
    """Tell whether the connection ends: the server says so, or says nothing any more.

    The connection may look alive then, and a COMMIT that was sent have succeeded.
    """
    if error.diag.severity_nonlocalized in {"FATAL", "PANIC"}:
        return True
    is_ours = error.sqlstate is None
    is_aborted = isinstance(error, psycopg.errors.PipelineAborted)
    return isinstance(error, psycopg.OperationalError) and is_ours and not is_aborted


def _said(error: psycopg.Error) -> str:
    """Return the first lines of an error on one line, without what libpq advises."""
    text = error.diag.message_primary or str(error) or type(error).__name__
    lines = [line for line in text.splitlines() if not line.startswith("\t")]
    return visible(" ".join(" ".join(lines).split()))[:400]
