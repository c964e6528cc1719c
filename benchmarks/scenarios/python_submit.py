"""Background jobs submitted by one process, nobody doing them."""

from __future__ import annotations

from benchmarks.contenders import DRAMATIQ_ONE_THREAD, RQ_SIMPLE
from benchmarks.crew import process_seconds
from benchmarks.library import as_library
from benchmarks.scenario import FREE, RATE, Figure, Scenario, Trial
from benchmarks.suites import PYTHON_LIBRARIES


def measure(trial: Trial) -> dict[str, float]:
    """Submit as fast as the library's way of submitting many allows."""
    library = as_library(trial.peer)
    server = trial.server.process.pid
    before = process_seconds(server)
    told = library.submit(trial.server, trial.size(library.sizes.submits))
    return {
        RATE.key: told.jobs / told.wall,
        "client_us": told.cpu / told.jobs * 1e6,
        "server_us": (process_seconds(server) - before) / told.jobs * 1e6,
    }


SCENARIO = Scenario(
    name="python-submit",
    title="background jobs submitted by one process",
    placements=(FREE,),
    figures=(
        Figure(key=RATE.key, title=RATE.title, unit="/s", placement=FREE, digits=0),
        Figure(key="client_us", title="client CPU per job", unit="µs", placement=FREE),
        Figure(key="server_us", title="server CPU per job", unit="µs", placement=FREE),
    ),
    measure=measure,
    suite=PYTHON_LIBRARIES,
    # Another kind of worker submits no faster.
    without=frozenset({RQ_SIMPLE.name, DRAMATIQ_ONE_THREAD.name}),
)
