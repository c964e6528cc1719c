"""Two job servers on one PostgreSQL beside one.

python -m benchmarks.two_nodes --jobs 100000 --runs 3

Jobs with uniques are submitted by 64 clients with 100 unanswered each, then submitted,
run and completed by 8 clients and 8 workers; with two job servers, half of these at
each. Prints rates, and processor time a job of the job servers and of PostgreSQL. Where
everything runs on the same two cores, two job servers cannot be faster than one: what
each job costs then tells what a larger machine would make of it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

from benchmarks import generator
from benchmarks.crew import tree_seconds
from benchmarks.databases import BackedServer, geartrain_on, running_postgresql

SUBMIT = {"clients": 64, "in_flight": 100}
EXCHANGE = {"clients": 8, "in_flight": 16, "workers": 8, "background": 1}
_FAR = 10**8
"""Between the uniques of one node's jobs and of the next's."""


class Figures(NamedTuple):
    """What a load took: jobs per second, and seconds of CPU a job."""

    rate: float
    servers: float
    database: float


def measure(nodes: int, jobs: int) -> dict[str, Figures]:
    """Run both loads on a fresh PostgreSQL with some job servers."""
    with ExitStack() as stack:
        name = tempfile.TemporaryDirectory(prefix="geartrain-bench-", dir="/var/tmp")
        database = stack.enter_context(
            running_postgresql(stack.enter_context(name)),
        )
        servers = [stack.enter_context(geartrain_on(database)) for _ in range(nodes)]
        # This one first, because it leaves no jobs behind.
        _loads(servers, "exchange", 5_000, 4 * _FAR, EXCHANGE)
        exchanged = _loads(servers, "exchange", jobs, 0, EXCHANGE)
        submitted = _loads(servers, "submit", jobs, 2 * _FAR, SUBMIT)
        return {"submit": submitted, "exchange": exchanged}


def _loads(
    servers: Sequence[BackedServer],
    mode: str,
    jobs: int,
    first: int,
    load: dict[str, int],
) -> Figures:
    """Run one load, an equal part of it at each job server at the same time."""
    share = {name: max(1, number // len(servers)) for name, number in load.items()}
    share["in_flight"] = load["in_flight"]
    pids = [server.process.pid for server in servers]
    database = servers[0].database.pid

    def one(place: int) -> None:
        generator.run(
            mode,
            port=servers[place].port,
            server=pids[place],
            cpu=-1,
            unique=1,
            jobs=jobs // len(servers),
            first=first + _FAR * place,
            **share,
        )

    before = tree_seconds(*pids), tree_seconds(database)
    began = time.monotonic()
    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(one, range(len(servers))))
    return Figures(
        jobs / (time.monotonic() - began),
        (tree_seconds(*pids) - before[0]) / jobs,
        (tree_seconds(database) - before[1]) / jobs,
    )


def main() -> None:
    """Measure and print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    counts = (1, 2)
    found = [
        {count: measure(count, options.jobs) for count in counts}
        for _ in range(options.runs)
    ]
    for mode in ("submit", "exchange"):
        for count in counts:
            runs = [each[count][mode] for each in found]
            rates = sorted(each.rate for each in runs)
            servers = median(each.servers for each in runs) * 1e6
            database = median(each.database for each in runs) * 1e6
            print(
                f"{mode}, {count} node{'s' if count > 1 else ' '}:"
                f" {median(rates):7,.0f} jobs/s ({rates[0]:,.0f} to {rates[-1]:,.0f}),"
                f" CPU a job: servers {servers:.1f} µs, PostgreSQL {database:.1f} µs"
                f" (load {os.getloadavg()[0]:.1f})"
            )


if __name__ == "__main__":
    main()
