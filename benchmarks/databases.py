"""Database servers, alone or with a job server that keeps its jobs there.

Each says that something is committed when it is on the disk: PostgreSQL with ``fsync``
and ``synchronous_commit``, MariaDB with ``innodb_flush_log_at_trx_commit=1``, Redis
with ``appendfsync always``. They have room for what the benchmarks write, so that none
is slowed down by checkpoints alone.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from tests.support.databases import program
from tests.support.mariadb_servers import MariadbServer
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.redis_servers import DURABLE, RedisServer
from tests.support.servers import RunningServer, running_geartrain

POSTGRESQL_SETTINGS: Final = ("shared_buffers=256MB", "max_wal_size=4GB")
_MARIADB_FLAGS: Final = (
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=1G",
)

POSTGRESQL: Final = "postgres"
MARIADB: Final = "mariadbd"
REDIS: Final = "redis-server"
_PROGRAMS: Final = {POSTGRESQL: "postgresql/*/bin", MARIADB: "", REDIS: ""}
"""The programs of the servers, and where else than on the PATH they are."""


@dataclass(frozen=True, kw_only=True)
class BackedServer(RunningServer):
    """A job server whose jobs a database keeps."""

    database: subprocess.Popen[bytes]


Database = PostgresqlServer | MariadbServer | RedisServer
_Server = TypeVar("_Server", bound=Database)


@contextmanager
def _within(folder: str) -> Iterator[None]:
    """Have the folders of servers made in this one, which others may pass through."""
    Path(folder).chmod(0o711)
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextmanager
def _running(server: _Server) -> Iterator[_Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def running_postgresql(folder: str) -> AbstractContextManager[PostgresqlServer]:
    """Run a PostgreSQL whose data is in a folder."""
    with _within(folder):
        server = PostgresqlServer(*POSTGRESQL_SETTINGS)
    return _running(server)


def running_mariadb(folder: str) -> AbstractContextManager[MariadbServer]:
    """Run a MariaDB whose data is in a folder."""
    with _within(folder):
        server = MariadbServer(*_MARIADB_FLAGS)
    return _running(server)


def running_redis(folder: str) -> AbstractContextManager[RedisServer]:
    """Run a Redis whose data is in a folder, and on its disk before it answers."""
    with _within(folder):
        server = RedisServer(*DURABLE)
    return _running(server)


@contextmanager
def geartrain_on(database: Database) -> Iterator[BackedServer]:
    """Run a job server that keeps its jobs in a database."""
    with running_geartrain("--store", database.url()) as server:
        yield BackedServer(**vars(server), database=database.process)


@contextmanager
def geartrain_on_postgresql(folder: str) -> Iterator[BackedServer]:
    """Run a job server on a PostgreSQL of its own."""
    with running_postgresql(folder) as database, geartrain_on(database) as server:
        yield server


@contextmanager
def geartrain_on_mariadb(folder: str) -> Iterator[BackedServer]:
    """Run a job server on a MariaDB of its own."""
    with running_mariadb(folder) as database, geartrain_on(database) as server:
        yield server


@contextmanager
def geartrain_on_redis(folder: str) -> Iterator[BackedServer]:
    """Run a job server on a Redis of its own."""
    with running_redis(folder) as database, geartrain_on(database) as server:
        yield server


@contextmanager
def geartrain_on_sqlite(folder: str) -> Iterator[RunningServer]:
    """Run a job server on a file."""
    with running_geartrain("--store", f"sqlite://{folder}/queue.db") as server:
        yield server


def version(name: str) -> str:
    """Return what a database server, by its program, says of itself."""
    command = [program(name, name, _PROGRAMS[name]), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()
