"""Whether rates and tables of the PostgreSQL store stay as they are.

python -m benchmarks.steady --hold --minutes 30 --rate 500
python -m benchmarks.steady --jobs 20000000

Runs a PostgreSQL, with fsync, and a job server on it. Jobs with uniques are submitted,
and as many done, in turns; a backlog of 10,000 waits all the time, so that each job is
inserted, committed, read back in a page, and deleted. With ``--rate`` that many are
submitted and done each second, otherwise 20,000 as fast as it goes. ``--hold`` keeps a
transaction with a snapshot open all the while, so that PostgreSQL can remove nothing
that was deleted since.

A line is printed each minute, or each million jobs. CPU a job shows what a constant
rate hides: statements that walk over what is dead.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks import generator
from benchmarks.crew import tree_seconds
from benchmarks.databases import geartrain_on, running_postgresql
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer

BACKLOG = 10_000
AT_ONCE = 20_000
"""Jobs of a turn, where no rate is asked for."""
MINUTE = 60.0
MILLION = 1_000_000
_MB = 1024 * 1024
_SIZES = (
    "SELECT sum(pg_table_size(relid)) FILTER (WHERE relname = 'job')::float8,"
    " sum(pg_indexes_size(relid)) FILTER (WHERE relname = 'job')::float8,"
    " sum(pg_total_relation_size(relid)) FILTER (WHERE relname <> 'job')::float8,"
    " sum(n_dead_tup) FILTER (WHERE relname = 'job')::float8"
    " FROM pg_stat_user_tables WHERE schemaname = 'geartrain'"
)
HEAD = (
    "minutes       jobs  jobs/s  CPU a job, µs: server  PostgreSQL  submit p99, ms"
    "  job table, MB  its indexes  dead rows  other tables, MB"
)


class Load:
    """Submits jobs and has them done; counts what that takes.

    Attributes:
        jobs: how many were submitted and done.
        p99: the worst 99th percentile of the time to the answer of a submission, in
            seconds, since ``figures`` was called.
    """

    def __init__(self, server: RunningServer, database: PostgresqlServer) -> None:
        self.jobs = 0
        self.p99 = 0.0
        self._server = server
        self._database = database
        self._first = 0
        self._submit(BACKLOG)
        self._began = time.monotonic()
        self._before = self._mark()

    def turn(self, jobs: int) -> None:
        """Submit jobs, and have as many done that waited for longer."""
        self._submit(jobs)
        self._run("exchange", clients=0, workers=8, jobs=jobs, partial=1, unique=1)
        self.jobs += jobs

    def _submit(self, jobs: int) -> None:
        load = {"clients": 16, "in_flight": 50, "unique": 1, "first": self._first}
        spent = self._run("submit", jobs=jobs, **load)
        self._first += jobs
        self.p99 = max(self.p99, spent.extra["p99"] / 1e6)

    def _run(self, mode: str, **options: int) -> generator.Spent:
        pid = self._server.process.pid
        return generator.run(
            mode, port=self._server.port, server=pid, cpu=-1, workload=100, **options
        )

    def _mark(self) -> tuple[int, float, float, float]:
        return (
            self.jobs,
            time.monotonic(),
            tree_seconds(self._server.process.pid),
            tree_seconds(self._database.process.pid),
        )

    def line(self) -> str:
        """Say what came since the line before."""
        before, now = self._before, self._mark()
        self._before = now
        jobs, seconds, server, database = (
            new - old for new, old in zip(now, before, strict=True)
        )
        p99, self.p99 = self.p99, 0.0
        return (
            f"{(now[1] - self._began) / 60:7.1f} {self.jobs:10,} {jobs / seconds:7,.0f}"
            f" {server / jobs * 1e6:22.1f} {database / jobs * 1e6:11.1f}"
            f" {p99 * 1e3:15.1f} {self._tables()}"
        )

    def _tables(self) -> str:
        (row,) = self._database.ask(_SIZES)
        heap, indexes, others, dead = (float(str(each)) for each in row)
        return (
            f"{heap / _MB:14.1f} {indexes / _MB:12.1f} {dead:10,.0f}"
            f" {others / _MB:17.1f}"
        )


@contextmanager
def holding(database: PostgresqlServer) -> Iterator[None]:
    """Keep a transaction with a snapshot open for the length of the block."""
    with psycopg.connect(database.url()) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM pg_class")
        yield


def run(load: Load, options: argparse.Namespace) -> None:
    """Go on for as long, or for as many jobs, as asked for."""
    began = said = time.monotonic()
    millions = 0
    while True:
        turn = time.monotonic()
        load.turn(options.rate or AT_ONCE)
        if options.rate:
            time.sleep(max(0.0, turn + 1.0 - time.monotonic()))
        now = time.monotonic()
        if options.jobs:
            is_due, is_over = load.jobs // MILLION > millions, load.jobs >= options.jobs
        else:
            is_due = now >= said + MINUTE
            is_over = now >= began + options.minutes * 60
        if is_due or is_over:
            said, millions = now, load.jobs // MILLION
            print(load.line(), f" (load {os.getloadavg()[0]:.1f})", flush=True)
        if is_over:
            return


def main() -> None:
    """Run and print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--hold", action="store_true")
    options = parser.parse_args()
    # Whoever ends this early does not leave servers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with (
        tempfile.TemporaryDirectory(prefix="geartrain-bench-", dir="/var/tmp") as name,
        running_postgresql(str(Path(name))) as database,
        geartrain_on(database) as server,
    ):
        load = Load(server, database)
        print(HEAD, flush=True)
        held = holding(database) if options.hold else contextlib.nullcontext()
        with held:
            run(load, options)


if __name__ == "__main__":
    main()
