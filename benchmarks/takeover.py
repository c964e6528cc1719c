"""How long jobs wait when their job server dies and another goes on with them.

python -m benchmarks.takeover --kills 100 --backlog 0 --backlog 100000
python -m benchmarks.takeover --kills 10 --apart

Two job servers share a PostgreSQL, with fsync. The one that has the backlog is killed
with SIGKILL; a worker connects to the other one, and is given one of the dead one's
jobs. The time in between is what is printed. The dead one is started again, and is the
one that takes over the next time, so the backlog goes to and fro. A backlog of 0 is one
job and nothing behind it.

On one machine job servers see that the process of another has died. ``--apart`` puts
each into a PID namespace of its own (it needs root), where they cannot, as on two
machines: then the lease of the dead one has to end.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice, pairwise
from pathlib import Path
from statistics import median

from benchmarks.databases import running_postgresql
from geartrain import Client
from geartrain.protocol.constants import PacketType
from tests.support.servers import (
    free_port,
    geartrain_command,
    stop,
    wait_until_listening,
)
from tests.support.wire import Wire

FUNCTION = b"work"
# The lease, and as much again: then nobody has taken over.
PATIENCE = 20.0
# Seconds between two looks of a job server for dead ones: it is killed at any of them.
LOOK_EVERY = 1.0
_APART = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


class Node:
    """A job server that can be killed and started again."""

    def __init__(self, name: str, url: str, folder: Path, *, is_apart: bool) -> None:
        self.port = free_port()
        self._log = folder / name
        self._command = [*_APART] if is_apart else []
        self._command += [*geartrain_command("geartrain"), "server", "--no-http"]
        self._command += ["--port", str(self.port), "--node-name", name]
        self._command += ["--store", url]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_until_listening(self._process, self.port, self._log)

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        return self._process.pid

    @property
    def address(self) -> str:
        """Return where it is reached."""
        return f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        """Kill it: it can say nothing any more."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop it in order."""
        stop(self._process)

    def submit(self, jobs: int) -> None:
        """Have it keep jobs."""
        with Client(f"127.0.0.1:{self.port}") as client:
            for _ in client.submit_many(FUNCTION, (b"w" * 100 for _ in range(jobs))):
                pass

    def run_one(self) -> float:
        """Run a job as a worker; return when it was handed out, by this clock."""
        address = "127.0.0.1", self.port
        with Wire(socket.create_connection(address, PATIENCE)) as worker:
            worker.register(FUNCTION)
            while True:
                worker.send(PacketType.GRAB_JOB)
                received = worker.read()
                if received.type is PacketType.JOB_ASSIGN:
                    break
                worker.send(PacketType.PRE_SLEEP)
                worker.expect(PacketType.NOOP)
            handed_out = time.monotonic()
            handle = received.split(3)[0]
            worker.send(PacketType.WORK_COMPLETE, handle, b"")
            assert worker.echoes()
        return handed_out


@contextmanager
def running_nodes(*, is_apart: bool) -> Iterator[list[Node]]:
    """Run two job servers on a PostgreSQL of their own."""
    folder = tempfile.mkdtemp(prefix="geartrain-bench-", dir="/var/tmp")
    nodes: list[Node] = []
    try:
        with running_postgresql(folder) as database:
            for name in ("one", "other"):
                url = database.url()
                nodes.append(Node(name, url, Path(folder), is_apart=is_apart))
            try:
                yield nodes
            finally:
                for node in nodes:
                    node.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(kills: int, backlog: int, *, is_apart: bool) -> list[float]:
    """Return the seconds of each takeover."""
    taken: list[float] = []
    with running_nodes(is_apart=is_apart) as nodes:
        nodes[0].submit(backlog)
        for dying, heir in islice(pairwise(cycle(nodes)), kills):
            dying.submit(1)
            time.sleep(random.uniform(0.2, 0.2 + LOOK_EVERY))
            began = time.monotonic()
            dying.kill()
            taken.append(heir.run_one() - began)
            dying.start()
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return sorted(taken)


def main() -> None:
    """Measure and print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--backlog", type=int, action="append")
    parser.add_argument("--apart", action="store_true")
    options = parser.parse_args()
    # Whoever ends this early does not leave servers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for backlog in options.backlog or [0, 100_000]:
        taken = measure(options.kills, backlog, is_apart=options.apart)
        print(
            f"{'apart' if options.apart else 'on one machine'}, backlog {backlog:,}:"
            f" {len(taken)} kills, median {median(taken):.2f} s, worst"
            f" {taken[-1]:.2f} s, least {taken[0]:.2f} s"
            f" (load {os.getloadavg()[0]:.1f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
