"""Ten million jobs wait on disk: memory, rates, and a start after a kill."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from benchmarks.disk import folder_bytes, forget
from benchmarks.errors import LoadError
from benchmarks.generator import Spent
from benchmarks.restart import Restarted, restarted, waiting_jobs
from benchmarks.scenario import FREE, Figure, Scenario, Trial
from benchmarks.scenarios.limited import limit
from benchmarks.servers import peak_bytes, resident_bytes
from benchmarks.suites import DURABLE

WORKLOAD = 100
JOBS = 10_000_000
KEYS = 100_000
RATE = "90000/1s"
"""More than workers do, so that rates are those of the job server."""
SLICES = 20
PROBE_JOBS = 200_000
"""How many jobs are submitted and done to learn a rate."""
TIME_LIMIT = 1200.0
"""Seconds after which no further slice is begun."""
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What jobs have: a unique of their own, or flow keys in turn; and their policy."""

    unique: int = 0
    keys: int = 0
    policy: Mapping[str, int | str] = field(default_factory=dict)


def measure(trial: Trial, *, kind: Kind) -> dict[str, float]:
    """Fill an empty queue, kill the server, start it twice on what it left.

    Each start does one job, which may be done by the time of the count.
    """
    probe = trial.size(PROBE_JOBS, 500)
    if kind.policy:
        limit(trial, **kind.policy)
    figures = _with_rates(trial, probe, kind, first=0, name="empty")
    figures |= _fill(trial, kind)
    reached = int(figures["reached"])
    figures |= _with_rates(trial, probe, kind, first=2 * 10**8, name="full")
    pid = trial.server.process.pid
    figures["peak_mb"] = peak_bytes(pid) / MB
    figures["disk_bytes"] = folder_bytes(trial.folder) / reached
    _kill(trial)
    with restarted(trial.peer, trial.folder) as warm:
        _check(warm.waiting, reached - 1)
        figures |= _first_answers(warm, "warm")
        warm.server.process.kill()
        warm.server.process.wait()
    forget(trial.folder)
    with restarted(trial.peer, trial.folder) as cold:
        _check(cold.waiting, reached - 2)
        figures |= _first_answers(cold, "cold")
        again = _on(trial, cold)
        figures |= _with_rates(again, probe, kind, first=3 * 10**8, name="again")
        figures["again_peak_mb"] = peak_bytes(cold.server.process.pid) / MB
    for name in ("full", "again"):
        for what in ("submit", "grab"):
            kept = figures[f"{name}_{what}_rate"] / figures[f"empty_{what}_rate"]
            figures[f"{name}_{what}_kept"] = kept
    return figures


def _on(trial: Trial, found: Restarted) -> Trial:
    return Trial(
        server=found.server,
        peer=trial.peer,
        folder=trial.folder,
        core=trial.core,
        scale=trial.scale,
        tell=trial.tell,
    )


def _kill(trial: Trial) -> None:
    trial.server.process.kill()
    trial.server.process.wait()


def _submit(trial: Trial, jobs: int, kind: Kind, first: int) -> Spent:
    return trial.load(
        "submit",
        in_flight=100,
        workload=WORKLOAD,
        unique=kind.unique,
        keys=min(kind.keys, trial.size(kind.keys, 10)),
        first=first,
        jobs=jobs,
    )


def _with_rates(
    trial: Trial, jobs: int, kind: Kind, *, first: int, name: str
) -> dict[str, float]:
    """Submit some jobs and do as many, whichever are first in the queue."""
    submitted = _submit(trial, jobs, kind, first)
    done = trial.load(
        "exchange", clients=0, workers=4, partial=1, workload=WORKLOAD, jobs=jobs
    )
    trial.tell(f"  {name}: {submitted.rate:,.0f}/s submitted, {done.rate:,.0f}/s done")
    return {f"{name}_submit_rate": submitted.rate, f"{name}_grab_rate": done.rate}


def _fill(trial: Trial, kind: Kind) -> dict[str, float]:
    """Submit ten million jobs in slices."""
    jobs = trial.size(JOBS, 2_000) // SLICES
    slices: list[Spent] = []
    end = time.monotonic() + TIME_LIMIT
    while len(slices) < SLICES and time.monotonic() < end:
        slices.append(_submit(trial, jobs, kind, 10**8 + len(slices) * jobs))
        resident = resident_bytes(trial.server.process.pid) / MB
        trial.tell(
            f"  {len(slices) * jobs:,} waiting: {slices[-1].rate:,.0f}/s, "
            f"resident {resident:,.0f} MB"
        )
    reached = jobs * len(slices)
    _check(waiting_jobs(trial.server), reached)
    return {
        "reached": reached,
        "fill_rate": reached / sum(part.wall for part in slices),
        "fill_cpu_us": sum(part.server for part in slices) / reached * 1e6,
        "flatness": slices[-1].rate / slices[0].rate,
        "resident_mb": resident_bytes(trial.server.process.pid) / MB,
    }


def _check(waiting: int, least: int) -> None:
    if waiting < least:
        raise LoadError(f"{least - waiting} of {least} acknowledged jobs are lost")


def _first_answers(found: Restarted, name: str) -> dict[str, float]:
    resident = resident_bytes(found.server.process.pid) / MB
    return {
        f"{name}_status_s": found.status_seconds,
        f"{name}_job_s": found.job_seconds,
        f"{name}_resident_mb": resident,
    }


def _figure(key: str, title: str, unit: str = "", digits: int = 0) -> Figure:
    return Figure(
        key=key, title=title, unit=unit, placement=FREE, digits=digits, compare=False
    )


FIGURES = (
    _figure("reached", "jobs waiting"),
    _figure("fill_cpu_us", "server CPU per job submitted", "µs", 2),
    _figure("fill_rate", "jobs per second", "/s"),
    _figure("flatness", "rate of the last twentieth as part of the first", "", 3),
    _figure("resident_mb", "resident memory, all waiting", "MB"),
    _figure("peak_mb", "resident memory, most until the kill", "MB"),
    _figure("disk_bytes", "on disk per job", "bytes"),
    _figure("empty_submit_rate", "submits per second, queue empty", "/s"),
    _figure("full_submit_rate", "submits per second, all waiting", "/s"),
    _figure("full_submit_kept", "as part of an empty queue's", "", 2),
    _figure("empty_grab_rate", "jobs done per second, queue empty but for them", "/s"),
    _figure("full_grab_rate", "jobs done per second, all waiting", "/s"),
    _figure("full_grab_kept", "as part of an empty queue's", "", 2),
    _figure("warm_status_s", "start after a kill to the answer to `status`", "s", 2),
    _figure("warm_job_s", "start after a kill to the first job assigned", "s", 2),
    _figure("warm_resident_mb", "resident memory then", "MB"),
    _figure("cold_status_s", "the same, nothing in the page cache: `status`", "s", 2),
    _figure("cold_job_s", "the same, nothing in the page cache: a job", "s", 2),
    _figure("cold_resident_mb", "resident memory then", "MB"),
    _figure("again_submit_rate", "submits per second after that start", "/s"),
    _figure("again_submit_kept", "as part of an empty queue's", "", 2),
    _figure("again_grab_rate", "jobs done per second after that start", "/s"),
    _figure("again_grab_kept", "as part of an empty queue's", "", 2),
    _figure("again_peak_mb", "resident memory, most since that start", "MB"),
)


def _scenario(name: str, title: str, kind: Kind) -> Scenario:
    return Scenario(
        name=name,
        title=f"10,000,000 waiting jobs of 100 bytes, {title}",
        placements=(FREE,),
        figures=FIGURES,
        measure=partial(measure, kind=kind),
        suite=DURABLE,
        without=frozenset(peer.name for peer in DURABLE.references),
        on_demand=True,
    )


WITHOUT_UNIQUES = _scenario("ten-million", "no uniques", Kind())
WITH_UNIQUES = _scenario("ten-million-uniques", "each its own unique", Kind(unique=1))
LIMITED = _scenario(
    "ten-million-limited",
    f"under a rate and behind {KEYS:,} flow keys",
    Kind(keys=KEYS, policy={"key_concurrency": 1, "rate": RATE}),
)
