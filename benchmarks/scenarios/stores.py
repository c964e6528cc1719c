"""Durable background jobs, whatever it is that keeps them."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.crew import tree_seconds
from benchmarks.databases import BackedServer
from benchmarks.scenario import (
    FREE,
    GENERATOR_SHARE,
    P50,
    P99,
    RATE,
    Figure,
    Scenario,
    Trial,
    common,
    latencies,
)
from benchmarks.suites import STORES

_CPU: Final = Figure(
    key="cpu_us", title="server CPU per job", unit="µs", placement=FREE, digits=1
)
_DATABASE_CPU: Final = Figure(
    key="database_us",
    title="the database's CPU per job",
    unit="µs",
    placement=FREE,
    digits=1,
    compare=False,
)


def measure_submits(trial: Trial, in_flight: int, jobs: int) -> dict[str, float]:
    """Submit as fast as the answers come; a job's latency is that of its answer."""
    figures, spent_latencies = _load(
        trial, "submit", jobs, clients=64, in_flight=in_flight
    )
    return figures | spent_latencies


def measure_exchange(trial: Trial, jobs: int) -> dict[str, float]:
    """Let 8 clients submit and 8 workers do jobs, until all are done."""
    figures, _ = _load(
        trial, "exchange", jobs, background=1, clients=8, in_flight=16, workers=8
    )
    return figures


def _load(
    trial: Trial, mode: str, jobs: int, **options: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Run the generator; return the figures of any load, and the latencies."""
    jobs, warmup = trial.size(jobs), trial.size(5_000, 50)
    before = _database_seconds(trial)
    spent = trial.load(mode, unique=1, jobs=jobs, warmup=warmup, **options)
    database = _database_seconds(trial) - before
    figures = common(spent)
    figures[_DATABASE_CPU.key] = database / (jobs + warmup) * 1e6
    return figures, latencies(spent) if "p50" in spent.extra else {}


def _database_seconds(trial: Trial) -> float:
    server = trial.server
    if isinstance(server, BackedServer):
        return tree_seconds(server.database.pid)
    return 0.0


SUBMITS: Final = Scenario(
    name="store-submit",
    title="background submit, 64 clients, 100 in flight each, each job its own unique",
    placements=(FREE,),
    figures=(RATE, P50, P99, _CPU, _DATABASE_CPU, GENERATOR_SHARE),
    measure=partial(measure_submits, in_flight=100, jobs=100_000),
    suite=STORES,
)
ONE_BY_ONE: Final = Scenario(
    name="store-one-by-one",
    title="background submit, 64 clients, 1 in flight each, each job its own unique",
    placements=(FREE,),
    figures=(RATE, P50, P99, _CPU, _DATABASE_CPU, GENERATOR_SHARE),
    measure=partial(measure_submits, in_flight=1, jobs=50_000),
    suite=STORES,
)
EXCHANGE: Final = Scenario(
    name="store-exchange",
    title="background jobs submitted, run and completed, 8 clients with 16 in flight "
    "each, 8 workers, each job its own unique",
    placements=(FREE,),
    figures=(RATE, _CPU, _DATABASE_CPU, GENERATOR_SHARE),
    measure=partial(measure_exchange, jobs=100_000),
    suite=STORES,
)
