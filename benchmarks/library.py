"""A library with its server: a peer whose own clients and workers are measured."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backlog import Backlog
from benchmarks.crew import Crew, working
from benchmarks.errors import LoadError
from benchmarks.peers import Peer
from tests.support.servers import RunningServer

ROOT = Path(__file__).parents[1]
TIME_LIMIT = 300.0
_SERVER_VARIABLE = "BENCH_SERVER"
_MISLEADING = {"GEARMAN_SERVER", "GEARMAN_SERVERS", "GEARMAN_PORT"}

Command = tuple[str, ...]
Workers = Callable[[int, str], Sequence[Command]]


def nothing() -> None:
    """Prepare a library that is there."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a client program says of its jobs; seconds, ``p50`` in microseconds."""

    jobs: int
    wall: float
    cpu: float
    p50: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many jobs of each kind take a library some seconds.

    ``backlog`` done by one worker process, ``submits`` by one client, ``calls`` waited
    for one by one.
    """

    backlog: int
    submits: int
    calls: int


@dataclass(frozen=True, kw_only=True)
class Library(Peer):
    """A library, the server it needs, and the programs that use it.

    ``workers`` takes how many worker processes, and ``host:port`` of the server, and
    returns their commands. ``client`` is a program that takes a mode and a number of
    jobs, ``submitter`` the one that submits the backlog; ``backlog`` counts what is not
    done of it. ``imports`` is what a client program begins with. ``prepare`` makes what
    the commands need.
    """

    workers: Workers
    client: Command
    submitter: Command
    backlog: Backlog
    sizes: Sizes
    imports: str = ""
    prepare: Callable[[], None] = nothing

    def version(self) -> str:
        """Return the versions of library and server, once it is there.

        Raises:
            BenchmarkError: it is not and cannot be made, or does not run.
        """
        self.prepare()
        return super().version()

    @contextmanager
    def working(
        self, server: RunningServer, processes: int, folder: Path
    ) -> Iterator[Crew]:
        """Run worker processes for the length of the block; they log to ``folder``."""
        log = folder / "workers.log"
        commands = self.workers(processes, server.address)
        with working(commands, environment(server), ROOT, log) as crew:
            yield crew

    def submit(self, server: RunningServer, jobs: int) -> Told:
        """Submit background jobs that do nothing.

        Raises:
            LoadError: the program failed.
        """
        return tell([*self.submitter, "submit", str(jobs)], server)

    def call(self, mode: str, server: RunningServer, jobs: int) -> Told:
        """Run jobs and wait for their results.

        Raises:
            LoadError: the program failed.
        """
        return tell([*self.client, mode, str(jobs)], server)


def as_library(peer: Peer) -> Library:
    """Return a peer of one of the Python suites as the library it is.

    Raises:
        LoadError: it is a job server alone.
    """
    if isinstance(peer, Library):
        return peer
    raise LoadError(f"{peer.name} is a job server and has no workers of its own")


def environment(server: RunningServer) -> Mapping[str, str]:
    """Return the variables that the programs run with."""
    kept = {name: text for name, text in os.environ.items() if name not in _MISLEADING}
    return kept | {_SERVER_VARIABLE: server.address, "PYTHONPATH": str(ROOT)}


def tell(command: Sequence[str], server: RunningServer) -> Told:
    """Run a client program and return what it tells.

    Raises:
        LoadError: it failed, or took more than five minutes; says what it said.
    """
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(server),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{' '.join(command)}: not done in {TIME_LIMIT} s") from error
    if done.returncode != 0:
        raise LoadError(f"{' '.join(command)}: {done.stderr.strip()}")
    return Told(**json.loads(done.stdout))
