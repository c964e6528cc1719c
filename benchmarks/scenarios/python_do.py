"""What a blocking call costs its client, whatever the language of the client."""

from __future__ import annotations

from benchmarks.contenders import LIBGEARMAN
from benchmarks.library import as_library
from benchmarks.scenario import FREE, Figure, Scenario, Trial
from benchmarks.suites import PYTHON_CLIENTS


def measure(trial: Trial) -> dict[str, float]:
    """Call a worker of the C library, one job at a time."""
    library = as_library(trial.peer)
    jobs = trial.size(library.sizes.calls)
    LIBGEARMAN.prepare()
    with LIBGEARMAN.working(trial.server, 1, trial.folder):
        told = library.call("result", trial.server, jobs)
    return {"p50_us": told.p50, "client_us": told.cpu / told.jobs * 1e6}


SCENARIO = Scenario(
    name="python-do",
    title="blocking call of a worker in C, one at a time",
    placements=(FREE,),
    figures=(
        Figure(key="p50_us", title="latency p50", unit="µs", placement=FREE, digits=1),
        Figure(
            key="client_us",
            title="client CPU per call",
            unit="µs",
            placement=FREE,
            digits=1,
        ),
    ),
    measure=measure,
    suite=PYTHON_CLIENTS,
)
