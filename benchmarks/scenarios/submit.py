"""Background submissions as fast as one connection carries them."""

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


def _measure(trial: Trial, unique: int) -> dict[str, float]:
    spent = trial.load(
        "submit",
        in_flight=100,
        unique=unique,
        jobs=trial.size(100_000, 1_000),
        warmup=trial.size(5_000),
    )
    return common(spent)


def with_uniques(trial: Trial) -> dict[str, float]:
    """Submit jobs as libgearman does by default: each with its own 36-byte unique."""
    return _measure(trial, 1)


def without_uniques(trial: Trial) -> dict[str, float]:
    """Submit jobs with an empty unique, which the job server need not look up."""
    return _measure(trial, 0)


FIGURES = (CPU, RATE, SERVER_SHARE, GENERATOR_SHARE)
WITH_UNIQUES = Scenario(
    name="submit",
    title="background submit, 100 in flight, each job its own unique",
    placements=(PINNED, FREE),
    figures=FIGURES,
    measure=with_uniques,
)
WITHOUT_UNIQUES = Scenario(
    name="submit-plain",
    title="background submit, 100 in flight, no uniques",
    placements=(PINNED, FREE),
    figures=FIGURES,
    measure=without_uniques,
)
