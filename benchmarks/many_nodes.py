"""What many job servers on one PostgreSQL cost while there is nothing to do.

python -m benchmarks.many_nodes --nodes 30 --kinds 0 --kinds 10 --kinds 50

All are started at once; printed is how long it takes until each is linked to each. Then
workers of so many kinds, one of each kind, sleep at each job server, and after a pause
processor time, memory and descriptors are looked at for some seconds. ``status`` and
``cluster`` are asked for at one of them.
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.crew import tree_seconds
from benchmarks.databases import running_postgresql
from benchmarks.takeover import Node
from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.waiting import wait_until
from tests.support.wire import Wire

# Seconds in which new lines are made, and for which processor time is counted.
SETTLE = 30.0
LOOK = 15.0
_MEBIBYTE = 1024 * 1024


def linked(node: Node, count: int) -> bool:
    """Tell whether a job server is linked to all others."""
    with Admin(node.address) as admin:
        rows = admin.cluster()
    return sum(row.state == "connected" for row in rows) >= 2 * (count - 1)


def sleepers(nodes: list[Node], kinds: int, stack: ExitStack) -> None:
    """Have a worker of each kind sleep at each job server."""
    for node in nodes:
        for kind in range(kinds):
            connection = socket.create_connection(("127.0.0.1", node.port))
            worker = stack.enter_context(Wire(connection))
            worker.register(b"kind-%d" % kind)
            worker.send(PacketType.PRE_SLEEP)


def resident(pid: int) -> float:
    """Return the MiB of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEBIBYTE


def at_rest(nodes: list[Node], database: int) -> str:
    """Return what they take while there is nothing to do."""
    pids = [node.pid for node in nodes]
    before = [tree_seconds(pid) for pid in (*pids, database)]
    time.sleep(LOOK)
    after = [tree_seconds(pid) for pid in (*pids, database)]
    *shares, of_database = (
        (late - early) / LOOK for early, late in zip(before, after, strict=True)
    )
    files = [len(os.listdir(f"/proc/{pid}/fd")) for pid in pids]
    return (
        f"a job server: {median(shares):.1%} of a core (up to {max(shares):.1%}),"
        f" {median(map(resident, pids)):.0f} MiB, {max(files)} descriptors;"
        f" PostgreSQL: {of_database:.1%}"
    )


def answers(node: Node) -> str:
    """Return how long one of them takes to answer for all."""
    taken = []
    with Admin(node.address) as admin:
        for ask in (admin.functions, admin.cluster):
            began = time.monotonic()
            ask()
            taken.append(time.monotonic() - began)
        missing = len(admin.unanswered)
    listed, seen = taken
    return (
        f"status {listed * 1e3:.0f} ms, cluster {seen * 1e3:.0f} ms, {missing} silent"
    )


def main() -> None:
    """Measure and print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=30)
    parser.add_argument("--kinds", type=int, action="append")
    options = parser.parse_args()
    with ExitStack() as stack:
        name = tempfile.TemporaryDirectory(prefix="geartrain-bench-", dir="/var/tmp")
        folder = Path(stack.enter_context(name))
        database = stack.enter_context(running_postgresql(str(folder)))
        began = time.monotonic()
        nodes = []
        for number in range(options.nodes):
            node = Node(f"n{number}", database.url(), folder, is_apart=False)
            stack.callback(node.stop)
            nodes.append(node)
        for node in nodes:
            wait_until(partial(linked, node, len(nodes)), timeout=60)
        print(f"{len(nodes)} linked after {time.monotonic() - began:.1f} s", flush=True)
        for kinds in options.kinds or [0, 10]:
            with ExitStack() as workers:
                sleepers(nodes, kinds, workers)
                time.sleep(SETTLE if kinds else 5.0)
                print(f"{kinds} kinds: {at_rest(nodes, database.process.pid)}")
                print(f"{kinds} kinds: {answers(nodes[0])}", flush=True)
            time.sleep(5.0)


if __name__ == "__main__":
    main()
