"""The job servers that are measured, each with its flags."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import (
    MARIADB,
    POSTGRESQL,
    REDIS,
    geartrain_on_mariadb,
    geartrain_on_postgresql,
    geartrain_on_redis,
    geartrain_on_sqlite,
)
from benchmarks.errors import BenchmarkError
from tests.support.servers import (
    GEARMAND,
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    running_gearmand,
    running_geartrain,
)

BEANSTALKD = "/usr/bin/beanstalkd"
STORE = "queue.db"
"""The file, in a server's folder, in which its SQLite keeps jobs."""
HTTP_SOCKET = "http"
"""The socket, in an observed server's folder, on which it serves HTTP."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A job server with the flags it is measured with.

    In ``flags``, ``{folder}`` stands for a fresh folder on a disk. ``share`` is the
    part of a scenario's jobs that it gets: slow ones get fewer. ``has_uniques`` is
    false where it speaks beanstalkd's protocol, which has none. ``database`` is the
    program of the database server that keeps its jobs.
    """

    name: str
    flags: tuple[str, ...]
    start: Callable[..., AbstractContextManager[RunningServer]]
    version_command: tuple[str, ...]
    share: float = 1.0
    has_uniques: bool = True
    database: str = ""

    def started(self, folder: Path) -> AbstractContextManager[RunningServer]:
        """Return the server as a context; it runs for the length of the block."""
        return self.start(*(flag.format(folder=folder) for flag in self.flags))

    def version(self) -> str:
        """Return the first line of what the program says about itself.

        Raises:
            BenchmarkError: the program is missing or does not run.
        """
        try:
            done = subprocess.run(
                self.version_command,
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=30,
            )
        except (OSError, subprocess.SubprocessError) as error:
            output = getattr(error, "stdout", None) or ""
            raise BenchmarkError(
                f"{self.name} cannot be measured, it does not even tell its version: "
                f"{error}\n{output}"
            ) from error
        lines = done.stdout.strip().splitlines()
        return lines[0] if lines else "unknown"


@contextmanager
def running_beanstalkd(*flags: str) -> Iterator[RunningServer]:
    """Run Debian's ``beanstalkd`` on a free port of 127.0.0.1."""
    if not os.access(BEANSTALKD, os.X_OK):
        raise RuntimeError(f"{BEANSTALKD} is missing: apt-get install beanstalkd")
    port = free_port()
    command = [BEANSTALKD, "-l", "127.0.0.1", "-p", str(port), *flags]
    with run_server(command, port) as server:
        yield server


def _geartrain(name: str, *flags: str) -> Peer:
    return Peer(
        name=name,
        flags=flags,
        start=running_geartrain,
        version_command=(*geartrain_command("geartrain"), "--version"),
    )


def _geartrain_on(
    name: str,
    start: Callable[..., AbstractContextManager[RunningServer]],
    database: str = "",
) -> Peer:
    return Peer(
        name=f"geartrain on {name}",
        database=database,
        flags=("{folder}",),
        start=start,
        version_command=(*geartrain_command("geartrain"), "--version"),
    )


def _gearmand(name: str, *flags: str, share: float = 1.0) -> Peer:
    return Peer(
        name=name,
        flags=flags,
        start=running_gearmand,
        version_command=(GEARMAND, "--version"),
        share=share,
    )


GEARTRAIN = _geartrain("geartrain", "--store", "memory:")
GEARTRAIN_DISK = _geartrain(
    "geartrain --durability disk",
    "--store",
    f"sqlite://{{folder}}/{STORE}",
    "--durability",
    "disk",
)
_OBSERVED = (
    "--store",
    f"sqlite://{{folder}}/{STORE}",
    "--http",
    f"unix:{{folder}}/{HTTP_SOCKET}",
)
GEARTRAIN_OBSERVED = _geartrain("geartrain, observed", *_OBSERVED)
GEARTRAIN_WITHOUT_RESULTS = _geartrain("geartrain, observed, no results", *_OBSERVED)
GEARTRAIN_QUIET = _geartrain(
    "geartrain, unobserved",
    "--store",
    f"sqlite://{{folder}}/{STORE}",
    "--no-http",
    "--max-history",
    "0",
)
GEARTRAIN_POSTGRESQL = _geartrain_on("PostgreSQL", geartrain_on_postgresql, POSTGRESQL)
GEARTRAIN_SQLITE = _geartrain_on("SQLite", geartrain_on_sqlite)
GEARTRAIN_MARIADB = _geartrain_on("MariaDB", geartrain_on_mariadb, MARIADB)
GEARTRAIN_REDIS = _geartrain_on("Redis", geartrain_on_redis, REDIS)
GEARMAND_DEFAULT = _gearmand("gearmand")
GEARMAND_ONE_THREAD = _gearmand("gearmand -t 0", "-t", "0")
GEARMAND_SQLITE = _gearmand(
    "gearmand -q libsqlite3",
    "-q",
    "libsqlite3",
    "--libsqlite3-db",
    f"{{folder}}/{STORE}",
    share=0.01,
)
BEANSTALKD_FSYNC = Peer(
    name="beanstalkd -f 0",
    flags=("-b", "{folder}", "-f", "0"),
    start=running_beanstalkd,
    version_command=(BEANSTALKD, "-v"),
    share=0.1,
    has_uniques=False,
)
PEERS = {
    peer.name: peer
    for peer in (
        GEARTRAIN,
        GEARTRAIN_DISK,
        GEARTRAIN_OBSERVED,
        GEARTRAIN_WITHOUT_RESULTS,
        GEARTRAIN_QUIET,
        GEARTRAIN_POSTGRESQL,
        GEARTRAIN_SQLITE,
        GEARTRAIN_MARIADB,
        GEARTRAIN_REDIS,
        GEARMAND_DEFAULT,
        GEARMAND_ONE_THREAD,
        GEARMAND_SQLITE,
        BEANSTALKD_FSYNC,
    )
}
