"""Start a job server on what another one left, and time its first answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import Peer
from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.wire import Wire

FUNCTION = b"bench"
TIMEOUT = 120.0


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """A job server that was started again.

    ``status_seconds`` and ``job_seconds`` count from the start of the process: to the
    answer to ``status``, by which ``waiting`` jobs were there, and to the first
    assignment. A client for each connects as soon as the port is open.
    """

    server: RunningServer
    status_seconds: float
    job_seconds: float
    waiting: int


@contextmanager
def restarted(peer: Peer, folder: Path) -> Iterator[Restarted]:
    """Run the peer on what is in the folder for the length of the block."""
    began = time.monotonic()
    with peer.started(folder) as server, ThreadPoolExecutor(1) as other:
        job_at = other.submit(_do_first_job, server)
        waiting = waiting_jobs(server)
        status_at = time.monotonic()
        yield Restarted(
            server=server,
            status_seconds=status_at - began,
            job_seconds=job_at.result() - began,
            waiting=waiting,
        )


def waiting_jobs(server: RunningServer) -> int:
    """Return how many jobs wait and run, by the text command ``status``."""
    with closing(Wire(server.connect(TIMEOUT))) as wire:
        rows = (line.split(b"\t") for line in wire.listing(b"status"))
        return sum(int(row[1]) for row in rows if row[0] == FUNCTION)


def _do_first_job(server: RunningServer) -> float:
    """Do one job, asleep until there is one; return when it was assigned."""
    with closing(Wire(server.connect(TIMEOUT))) as worker:
        worker.send(PacketType.CAN_DO, FUNCTION)
        worker.send(PacketType.GRAB_JOB)
        while (received := worker.read()).type != PacketType.JOB_ASSIGN:
            asleep = received.type == PacketType.NO_JOB
            worker.send(PacketType.PRE_SLEEP if asleep else PacketType.GRAB_JOB)
        assigned_at = time.monotonic()
        handle = received.split(3)[0]
        worker.send(PacketType.WORK_COMPLETE, handle, b"")
        assert worker.echoes()
        return assigned_at
