"""Background jobs from submission to result, while more are submitted."""

from __future__ import annotations

from functools import partial

from benchmarks.scenario import (
    CPU,
    FREE,
    GENERATOR_SHARE,
    PINNED,
    RATE,
    SERVER_SHARE,
    Scenario,
    Trial,
    common,
)
from benchmarks.scenarios.durable_submit import WITHOUT_BEANSTALKD, WITHOUT_SQLITE
from benchmarks.suites import DURABLE


def measure(trial: Trial, *, unique: int) -> dict[str, float]:
    """Let 8 clients submit and 8 workers do jobs, from the first until all are done.

    A client waits for JOB_CREATED, not for the result: jobs may pile up meanwhile.
    """
    spent = trial.load(
        "exchange",
        background=1,
        clients=8,
        in_flight=16,
        workers=8,
        unique=unique,
        jobs=trial.size(100_000),
        warmup=trial.size(5_000, 50),
    )
    return common(spent)


def _scenario(name: str, title: str, unique: int, without: frozenset[str]) -> Scenario:
    return Scenario(
        name=name,
        title="background jobs submitted, run and completed, 8 clients with 16 in "
        f"flight each, 8 workers, {title}",
        placements=(PINNED, FREE),
        figures=(CPU, RATE, SERVER_SHARE, GENERATOR_SHARE),
        measure=partial(measure, unique=unique),
        suite=DURABLE,
        without=without,
    )


WITH_UNIQUES = _scenario(
    "durable-exchange", "each job its own unique", 1, WITHOUT_BEANSTALKD
)
WITHOUT_UNIQUES = _scenario("durable-exchange-plain", "no uniques", 0, WITHOUT_SQLITE)
