"""Background submissions that are answered when they are on disk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from benchmarks.peers import BEANSTALKD_FSYNC, GEARMAND_SQLITE
from benchmarks.scenario import (
    CPU,
    FREE,
    GENERATOR_SHARE,
    P50,
    P99,
    PINNED,
    RATE,
    SERVER_SHARE,
    Scenario,
    Trial,
    common,
    latencies,
)
from benchmarks.suites import DURABLE

WITHOUT_BEANSTALKD = frozenset({BEANSTALKD_FSYNC.name})
WITHOUT_SQLITE = frozenset({GEARMAND_SQLITE.name})
"""Of jobs without a unique gearmand's SQLite keeps one row for all."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """Clients with jobs unanswered; ``unique`` is 1 if each job has its own."""

    clients: int
    in_flight: int
    unique: int
    jobs: int


def measure(trial: Trial, load: Load) -> dict[str, float]:
    """Submit as fast as the answers come; a job's latency is that of its answer."""
    spent = trial.load(
        "submit",
        clients=load.clients,
        in_flight=load.in_flight,
        unique=load.unique,
        jobs=trial.size(load.jobs),
        warmup=trial.size(5_000, 50),
    )
    return common(spent) | latencies(spent)


def _scenario(
    name: str, title: str, load: Load, without: frozenset[str] = frozenset()
) -> Scenario:
    return Scenario(
        name=name,
        title=f"background submit, {title}",
        placements=(PINNED, FREE),
        figures=(CPU, RATE, P50, P99, SERVER_SHARE, GENERATOR_SHARE),
        measure=partial(measure, load=load),
        suite=DURABLE,
        without=without,
    )


ONE_CLIENT = _scenario(
    "durable-submit",
    "1 client, 100 in flight, each job its own unique",
    Load(clients=1, in_flight=100, unique=1, jobs=100_000),
    WITHOUT_BEANSTALKD,
)
ONE_CLIENT_PLAIN = _scenario(
    "durable-submit-plain",
    "1 client, 100 in flight, no uniques",
    Load(clients=1, in_flight=100, unique=0, jobs=200_000),
    WITHOUT_SQLITE,
)
MANY_CLIENTS = _scenario(
    "durable-clients",
    "64 clients, 100 in flight each, each job its own unique",
    Load(clients=64, in_flight=100, unique=1, jobs=100_000),
    WITHOUT_BEANSTALKD,
)
MANY_CLIENTS_PLAIN = _scenario(
    "durable-clients-plain",
    "64 clients, 100 in flight each, no uniques",
    Load(clients=64, in_flight=100, unique=0, jobs=200_000),
    WITHOUT_SQLITE,
)
ONE_BY_ONE = _scenario(
    "durable-one-by-one",
    "64 clients, 1 in flight each, each job its own unique (beanstalkd: none)",
    Load(clients=64, in_flight=1, unique=1, jobs=50_000),
)
