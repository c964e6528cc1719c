"""Durable submissions through the PostgreSQL store, without a job server before it.

python -m benchmarks.postgresql_store --jobs 50000

Starts a PostgreSQL of its own, with fsync, and commits batches of jobs with workloads
of 100 bytes on one connection. Prints a line for each size of batches: with uniques or
without, and with the jobs of the batch before ended by the next or not.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import closing
from itertools import product
from typing import NamedTuple

from benchmarks.crew import tree_seconds
from geartrain.stores.postgresql.store import PostgresqlStore
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.store_records import batch, keyed, record


class Figures(NamedTuple):
    """What one way took."""

    rate: float
    """Jobs per second."""
    cpu: float
    """Seconds of this process's CPU per job."""
    database: float
    """Seconds of PostgreSQL's CPU per job."""


def measure(
    server: PostgresqlServer, jobs: int, size: int, *, has_uniques: bool, ends: bool
) -> Figures:
    """Commit ``jobs`` jobs in batches of ``size``."""
    server.empty()
    postgresql = tree_seconds(server.process.pid)
    seconds = cpu = 0.0
    before: list[int] = []
    with closing(PostgresqlStore(server.url(), "disk")) as store:
        store.open()
        for first in range(1, jobs + 1, size):
            numbers = range(first, min(first + size, jobs + 1))
            added = [
                keyed(number, b"key-%d" % number, is_tentative=True)
                if has_uniques
                else record(number)
                for number in numbers
            ]
            for each in added:
                each.workload = b"w" * 100
            made = batch(*added, ended=before if ends else ())
            began, used = time.perf_counter(), time.process_time()
            store.commit(made)
            seconds += time.perf_counter() - began
            cpu += time.process_time() - used
            before = [*numbers]
    postgresql = tree_seconds(server.process.pid) - postgresql
    return Figures(jobs / seconds, cpu / jobs, postgresql / jobs)


def main() -> None:
    """Measure and print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=50_000)
    jobs = parser.parse_args().jobs
    server = PostgresqlServer("shared_buffers=256MB", "max_wal_size=4GB")
    server.start()
    try:
        for size, has_uniques, ends in product(
            (100, 500, 2000), (False, True), (False, True)
        ):
            found = measure(server, jobs, size, has_uniques=has_uniques, ends=ends)
            uniques = "uniques" if has_uniques else "no uniques"
            print(
                f"batches of {size:5,}, {uniques:10},"
                f" {'ended by the next' if ends else 'kept':17}: {found.rate:7,.0f}"
                f" jobs/s, CPU a job: {found.cpu * 1e6:4.1f} µs, PostgreSQL"
                f" {found.database * 1e6:4.1f} µs"
                f" (load {os.getloadavg()[0]:.1f})",
                flush=True,
            )
    finally:
        server.stop()


if __name__ == "__main__":
    main()
