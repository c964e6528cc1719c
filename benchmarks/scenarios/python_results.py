"""Jobs whose results are fetched: one at a time, then with a hundred in flight."""

from __future__ import annotations

from benchmarks.library import as_library
from benchmarks.scenario import FREE, RATE, Figure, Scenario, Trial
from benchmarks.suites import PYTHON_LIBRARIES


def measure_one(trial: Trial) -> dict[str, float]:
    """Submit a job, wait for its result, submit the next; one worker process."""
    library = as_library(trial.peer)
    with library.working(trial.server, 1, trial.folder):
        told = library.call("result", trial.server, trial.size(library.sizes.calls, 50))
    return {
        "p50_us": told.p50,
        RATE.key: told.jobs / told.wall,
        "client_us": told.cpu / told.jobs * 1e6,
    }


def measure_many(trial: Trial) -> dict[str, float]:
    """Keep 100 jobs submitted and fetch their results in order; one worker process."""
    library = as_library(trial.peer)
    with library.working(trial.server, 1, trial.folder):
        jobs = trial.size(library.sizes.calls * 2, 200)
        told = library.call("results", trial.server, jobs)
    return {
        RATE.key: told.jobs / told.wall,
        "client_us": told.cpu / told.jobs * 1e6,
    }


P50 = Figure(key="p50_us", title="latency p50", unit="µs", placement=FREE, digits=0)
JOBS = Figure(key=RATE.key, title=RATE.title, unit="/s", placement=FREE, digits=0)
CLIENT = Figure(
    key="client_us", title="client CPU per job", unit="µs", placement=FREE, digits=0
)

ONE = Scenario(
    name="python-result",
    title="a job's result fetched, one at a time, one worker process",
    placements=(FREE,),
    figures=(P50, JOBS, CLIENT),
    measure=measure_one,
    suite=PYTHON_LIBRARIES,
)
MANY = Scenario(
    name="python-results",
    title="jobs' results fetched in order, 100 in flight, one worker process",
    placements=(FREE,),
    figures=(JOBS, CLIENT),
    measure=measure_many,
    suite=PYTHON_LIBRARIES,
)
