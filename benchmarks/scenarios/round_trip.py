"""A web request that waits for its job: nothing else is going on."""

from __future__ import annotations

from benchmarks.scenario import (
    CPU,
    FREE,
    GENERATOR_SHARE,
    PINNED,
    SERVER_SHARE,
    Figure,
    Scenario,
    Trial,
    common,
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
    return common(spent) | {
        "p50_us": spent.extra["p50"],
        "p99_us": spent.extra["p99"],
    }


SCENARIO = Scenario(
    name="round-trip",
    title="foreground round trip, 1 client, 1 worker, one at a time",
    placements=(PINNED, FREE),
    figures=(
        CPU,
        Figure(key="p50_us", title="latency p50", unit="µs", placement=FREE, digits=0),
        Figure(key="p99_us", title="latency p99", unit="µs", placement=FREE, digits=0),
        SERVER_SHARE,
        GENERATOR_SHARE,
    ),
    measure=measure,
)
