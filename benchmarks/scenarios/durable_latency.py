"""How long one submission takes while checkpoints go on."""

from __future__ import annotations

from benchmarks.peers import STORE
from benchmarks.scenario import FREE, Figure, Scenario, Trial
from benchmarks.suites import DURABLE

SAMPLES = 5_000
CHECKPOINTS = 20
TIME_LIMIT = 120.0
"""Seconds after which a load that has brought about no checkpoint is given up."""


def measure(trial: Trial) -> dict[str, float]:
    """Time submissions of one job at a time: alone, then beside a busy client.

    SQLite's background work is the checkpoint, which copies what its log holds into
    the database file; nothing else writes there. A submission was made during one if
    that file was written since the submission before it was answered.
    """
    jobs = trial.size(SAMPLES)
    quiet = trial.load("probe", unique=1, clients=0, jobs=jobs).extra
    busy = trial.load(
        "probe",
        unique=1,
        first=10**9,
        clients=1,
        in_flight=100,
        jobs=jobs,
        checkpoints=trial.size(CHECKPOINTS, 1),
        watch=trial.folder / STORE,
        milliseconds=int(TIME_LIMIT * 1000),
    )
    during, between = busy.extra["during_p99"], busy.extra["between_p99"]
    return {
        "quiet_p50": quiet["p50"],
        "quiet_p99": quiet["p99"],
        "busy_p50": busy.extra["p50"],
        "busy_p99": busy.extra["p99"],
        "busy_max": busy.extra["max"],
        "between_p99": between,
        "during_p99": during,
        "during_by_between": during / between,
        "busy_by_quiet": busy.extra["p99"] / quiet["p99"],
        "during_by_quiet": during / quiet["p99"],
        "during_share": busy.extra["during"] / busy.extra["samples"] * 100,
        "checkpoints": busy.extra["checkpoints"] / busy.wall,
        "rate": busy.rate,
    }


def _figure(key: str, title: str, unit: str = "", digits: int = 0) -> Figure:
    return Figure(
        key=key, title=title, unit=unit, placement=FREE, digits=digits, compare=False
    )


SCENARIO = Scenario(
    name="durable-latency",
    title="one submission at a time, alone (quiet) or beside a client with 100 in "
    "flight (busy), while SQLite makes checkpoints",
    placements=(FREE,),
    figures=(
        _figure("quiet_p50", "latency p50, quiet", "µs"),
        _figure("quiet_p99", "latency p99, quiet", "µs"),
        _figure("busy_p50", "latency p50, busy", "µs"),
        _figure("busy_p99", "latency p99, busy", "µs"),
        _figure("busy_max", "the longest, busy", "µs"),
        _figure("between_p99", "latency p99, busy, between checkpoints", "µs"),
        _figure("during_p99", "latency p99, busy, during checkpoints", "µs"),
        _figure("during_by_between", "p99 during checkpoints ÷ between", digits=2),
        _figure("busy_by_quiet", "p99 busy ÷ quiet", digits=2),
        _figure("during_by_quiet", "p99 during checkpoints ÷ quiet", digits=2),
        _figure("during_share", "submissions during checkpoints", "%", 1),
        _figure("checkpoints", "checkpoints a second", "/s", 1),
        _figure("rate", "jobs per second, busy", "/s"),
    ),
    measure=measure,
    suite=DURABLE,
    without=frozenset(peer.name for peer in DURABLE.references),
)
