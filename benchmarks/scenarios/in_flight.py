"""A busy shop: many clients with many foreground jobs each, many workers."""

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
    """Keep 8 x 16 foreground jobs in flight with 8 workers."""
    spent = trial.load(
        "exchange",
        clients=8,
        in_flight=16,
        workers=8,
        jobs=trial.size(100_000, 500),
        warmup=trial.size(5_000),
    )
    return common(spent)


SCENARIO = Scenario(
    name="in-flight",
    title="foreground, 8 clients with 16 in flight each, 8 workers",
    placements=(PINNED, FREE),
    figures=(CPU, RATE, SERVER_SHARE, GENERATOR_SHARE),
    measure=measure,
)
