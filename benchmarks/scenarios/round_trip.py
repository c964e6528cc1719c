"""A web request that waits for its job: nothing else is going on."""

from __future__ import annotations

from benchmarks.scenario import (
    CPU,
    FREE,
    GENERATOR_SHARE,
    P50,
    P99,
    PINNED,
    SERVER_SHARE,
    Scenario,
    Trial,
    common,
    latencies,
)


def measure(trial: Trial) -> dict[str, float]:
    """Submit a foreground job, wait for its end, submit the next.

    The worker is asleep when a job comes, as libgearman's is, and sends WORK_COMPLETE
    and its next GRAB_JOB in two writes, as libgearman does.
    """
    spent = trial.load(
        "exchange",
        clients=1,
        in_flight=1,
        workers=1,
        separate=1,
        jobs=trial.size(10_000),
        warmup=trial.size(1_000, 20),
    )
    return common(spent) | latencies(spent)


SCENARIO = Scenario(
    name="round-trip",
    title="foreground round trip, 1 client, 1 worker, one at a time",
    placements=(PINNED, FREE),
    figures=(
        CPU,
        P50,
        P99,
        SERVER_SHARE,
        GENERATOR_SHARE,
    ),
    measure=measure,
)
