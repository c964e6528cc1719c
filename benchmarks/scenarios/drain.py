"""Workers work off a backlog."""

from __future__ import annotations

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


def measure(trial: Trial) -> dict[str, float]:
    """Let four workers do what waits, until each has been told NO_JOB."""
    jobs = trial.size(100_000, 1_000)
    trial.load("submit", in_flight=100, jobs=jobs)
    return common(trial.load("exchange", clients=0, workers=4, jobs=jobs))


SCENARIO = Scenario(
    name="drain",
    title="draining 100,000 background jobs, 4 workers",
    placements=(PINNED, FREE),
    figures=(CPU, RATE, SERVER_SHARE, GENERATOR_SHARE),
    measure=measure,
)
