"""Libraries for background jobs on PostgreSQL: submit, and submit, run and complete."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from benchmarks.backlog import Waiting
from benchmarks.crew import Crew, tree_seconds
from benchmarks.databases import BackedServer
from benchmarks.errors import LoadError
from benchmarks.library import Told, as_library
from benchmarks.scenario import FREE, RATE, Figure, Scenario, Trial
from benchmarks.suites import POSTGRESQL_LIBRARIES

LOOK: Final = 0.05
"""Seconds between two looks at the backlog."""

TIME_LIMIT: Final = 300.0


def measure_submits(trial: Trial) -> dict[str, float]:
    """Submit as fast as the library's way of submitting many allows."""
    library = as_library(trial.peer)
    return _submitted(trial, library.submit, library.sizes.submits)


def measure_single_submits(trial: Trial) -> dict[str, float]:
    """Submit jobs one by one, from 32 tasks of one process at once."""
    library = as_library(trial.peer)
    return _submitted(trial, partial(library.call, "singly"), library.sizes.calls)


def _submitted(
    trial: Trial, submit: Callable[..., Told], full: int
) -> dict[str, float]:
    before = _keeping_seconds(trial)
    told = submit(trial.server, trial.size(full))
    return {
        RATE.key: told.jobs / told.wall,
        "client_us": told.cpu / told.jobs * 1e6,
        "server_us": (_keeping_seconds(trial) - before) / told.jobs * 1e6,
    }


def measure_rounds(trial: Trial) -> dict[str, float]:
    """Submit jobs in batches while a worker process waits, until all are done."""
    library = as_library(trial.peer)
    jobs = trial.size(library.sizes.backlog, 500)
    with (
        library.backlog(trial.server) as waiting,
        library.working(trial.server, 1, trial.folder) as crew,
    ):
        library.submit(trial.server, 100)
        _wait(waiting, crew)
        began, server = time.monotonic(), _keeping_seconds(trial)
        workers = crew.cpu_seconds()
        library.submit(trial.server, jobs)
        _wait(waiting, crew)
        seconds = time.monotonic() - began
        return {
            RATE.key: jobs / seconds,
            "workers_us": (crew.cpu_seconds() - workers) / jobs * 1e6,
            "server_us": (_keeping_seconds(trial) - server) / jobs * 1e6,
        }


def _wait(waiting: Waiting, crew: Crew) -> None:
    deadline = time.monotonic() + TIME_LIMIT
    while left := waiting():
        crew.check()
        if time.monotonic() > deadline:
            raise LoadError(
                f"after {TIME_LIMIT:.0f} s {left:,} jobs are left: {crew.tail()}"
            )
        time.sleep(LOOK)


def _keeping_seconds(trial: Trial) -> float:
    """Return the processor time of all that keeps jobs: job server and database."""
    roots = [trial.server.process.pid]
    if isinstance(trial.server, BackedServer):
        roots.append(trial.server.database.pid)
    return tree_seconds(*roots)


_RATE: Final = Figure(
    key=RATE.key, title=RATE.title, unit="/s", placement=FREE, digits=0
)
_SERVER: Final = Figure(
    key="server_us",
    title="CPU per job of PostgreSQL and job server",
    unit="µs",
    placement=FREE,
    digits=0,
)
_CLIENT: Final = Figure(
    key="client_us", title="client CPU per job", unit="µs", placement=FREE, digits=0
)
_WORKERS: Final = Figure(
    key="workers_us", title="workers' CPU per job", unit="µs", placement=FREE, digits=0
)
SUBMITS: Final = Scenario(
    name="postgresql-submit",
    title="background jobs submitted by one process, 1,000 in a batch",
    placements=(FREE,),
    figures=(_RATE, _CLIENT, _SERVER),
    measure=measure_submits,
    suite=POSTGRESQL_LIBRARIES,
)
SINGLE_SUBMITS: Final = Scenario(
    name="postgresql-singly",
    title="background jobs submitted one by one, 32 at once of one process",
    placements=(FREE,),
    figures=(_RATE, _CLIENT, _SERVER),
    measure=measure_single_submits,
    suite=POSTGRESQL_LIBRARIES,
)
ROUNDS: Final = Scenario(
    name="postgresql-jobs",
    title="jobs that do nothing submitted, run and completed, one worker process",
    placements=(FREE,),
    figures=(_RATE, _WORKERS, _SERVER),
    measure=measure_rounds,
    suite=POSTGRESQL_LIBRARIES,
)
