"""A million jobs wait: does the next submission cost what the first did?"""

from __future__ import annotations

from benchmarks.scenario import (
    FREE,
    GENERATOR_SHARE,
    SERVER_SHARE,
    Figure,
    Scenario,
    Trial,
    common,
)
from benchmarks.servers import resident_bytes
from benchmarks.suites import MEMORY

SLICES = 10
TIME_LIMIT = 60.0
"""Seconds after which submitting stops, however many jobs are left."""


def measure(trial: Trial) -> dict[str, float]:
    """Submit a million jobs in ten slices and compare the last with the first."""
    slice_jobs = trial.size(100_000, 500)
    pid = trial.server.process.pid
    before = resident_bytes(pid)
    spent = trial.load(
        "submit",
        in_flight=100,
        unique=1,
        jobs=slice_jobs * SLICES,
        slice=slice_jobs,
        milliseconds=int(TIME_LIMIT * 1000),
    )
    first, last = spent.slices[0], spent.slices[-1]
    return common(spent) | {
        "reached": spent.jobs,
        "first_rate": first.rate,
        "last_rate": last.rate,
        "flatness": last.rate / first.rate,
        "last_cpu_us": last.cpu_us,
        "bytes_per_job": (resident_bytes(pid) - before) / spent.jobs,
    }


def _figure(key: str, title: str, unit: str, digits: int = 0) -> Figure:
    return Figure(
        key=key,
        title=title,
        unit=unit,
        placement=FREE,
        digits=digits,
        compare=key != "reached",
        is_rate=key.endswith("_rate"),
    )


PLACEMENTS = (FREE,)
FIGURES = (
    _figure("reached", "jobs submitted in that time", ""),
    _figure("first_rate", "jobs per second, first tenth", "/s"),
    _figure("last_rate", "jobs per second, last tenth", "/s"),
    _figure("flatness", "last rate as part of the first", "", 3),
    _figure("last_cpu_us", "server CPU per job, last tenth", "µs", 2),
    _figure("bytes_per_job", "resident memory per job", "bytes"),
    SERVER_SHARE,
    GENERATOR_SHARE,
)
SCENARIO = Scenario(
    name="waiting",
    title=f"1,000,000 waiting jobs with uniques, at most {TIME_LIMIT:.0f} s",
    placements=PLACEMENTS,
    figures=FIGURES,
    measure=measure,
    once=frozenset(peer.name for peer in MEMORY.references),
)
