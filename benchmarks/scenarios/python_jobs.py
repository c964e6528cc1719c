"""A backlog of jobs that do nothing, and one or two worker processes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from benchmarks.backlog import Waiting
from benchmarks.crew import Crew, process_seconds
from benchmarks.errors import LoadError
from benchmarks.library import as_library
from benchmarks.scenario import FREE, RATE, Figure, Scenario, Trial
from benchmarks.suites import PYTHON_LIBRARIES, PYTHON_WORKERS, Suite

BEGIN, END = 0.9, 0.1
"""What part of the backlog is left when measuring begins, and when it ends."""

LOOK = 0.01
"""Seconds between two looks at the backlog."""

TIME_LIMIT = 300.0


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What was left of a backlog at a time, and the processor time used until then."""

    left: int
    time: float
    workers: float
    server: float


def measure(trial: Trial, processes: int) -> dict[str, float]:
    """Submit a backlog, start workers, and measure the middle four fifths of it.

    So neither the start of the workers counts nor the end, when some of them have
    nothing left to do. No job is watched: the server is asked how many are left.

    Raises:
        LoadError: a program failed, or the backlog was done between two looks.
    """
    library = as_library(trial.peer)
    backlog = library.sizes.backlog
    jobs = trial.size(backlog * processes, max(100, backlog // 20))
    library.submit(trial.server, jobs)
    server = trial.server.process.pid
    with (
        library.backlog(trial.server) as waiting,
        library.working(trial.server, processes, trial.folder) as crew,
    ):
        began = _when(waiting, crew, server, int(jobs * BEGIN))
        ended = _when(waiting, crew, server, int(jobs * END))
    done = began.left - ended.left
    if not done:
        raise LoadError(f"{jobs:,} jobs are too few: they were done between two looks")
    return {
        RATE.key: done / (ended.time - began.time),
        "workers_us": (ended.workers - began.workers) / done * 1e6,
        "server_us": (ended.server - began.server) / done * 1e6,
    }


def _when(waiting: Waiting, crew: Crew, server: int, left: int) -> Moment:
    """Return the first moment seen at which at most ``left`` jobs are not done."""
    deadline = time.monotonic() + TIME_LIMIT
    while (found := waiting()) > left:
        crew.check()
        if time.monotonic() > deadline:
            raise LoadError(
                f"after {TIME_LIMIT:.0f} s {found:,} jobs are left: {crew.tail()}"
            )
        time.sleep(LOOK)
    return Moment(
        left=found,
        time=time.monotonic(),
        workers=crew.cpu_seconds(),
        server=process_seconds(server),
    )


FIGURES = (
    Figure(key=RATE.key, title=RATE.title, unit="/s", placement=FREE, digits=0),
    Figure(key="workers_us", title="workers' CPU per job", unit="µs", placement=FREE),
    Figure(key="server_us", title="server CPU per job", unit="µs", placement=FREE),
)


def _scenario(name: str, processes: int, suite: Suite) -> Scenario:
    number = "one worker process" if processes == 1 else f"{processes} worker processes"
    return Scenario(
        name=name,
        title=f"background jobs that do nothing, {number}",
        placements=(FREE,),
        figures=FIGURES,
        measure=partial(measure, processes=processes),
        suite=suite,
    )


LIBRARIES_1 = _scenario("python-jobs", 1, PYTHON_LIBRARIES)
LIBRARIES_2 = _scenario("python-jobs-2", 2, PYTHON_LIBRARIES)
WORKERS_1 = _scenario("python-workers", 1, PYTHON_WORKERS)
WORKERS_2 = _scenario("python-workers-2", 2, PYTHON_WORKERS)
