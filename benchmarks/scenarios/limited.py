"""A million jobs behind ten thousand flow keys, beside as many without keys."""

from __future__ import annotations

from benchmarks.generator import Spent
from benchmarks.scenario import (
    FREE,
    GENERATOR_SHARE,
    SERVER_SHARE,
    Figure,
    Scenario,
    Trial,
    common,
)
from benchmarks.suites import DURABLE, MEMORY, Suite
from geartrain.admin import Admin

JOBS = 1_000_000
KEYS = 10_000
FUNCTION = "bench"


def limit(trial: Trial, **settings: bool | int | str) -> None:
    """Give the function of the load a policy, and let names have options."""
    with Admin(trial.server.address) as admin:
        admin.set_policy(FUNCTION, {"options_in_names": True, **settings})


def measure(trial: Trial) -> dict[str, float]:
    """Let eight workers do jobs without keys, then as many, one at a time of each."""
    jobs = trial.size(JOBS, 1_000)
    plain_in, plain_out = _fill_and_drain(trial, jobs, 0)
    limit(trial, key_concurrency=1)
    keyed_in, keyed_out = _fill_and_drain(trial, jobs, trial.size(KEYS, 10))
    return common(keyed_out) | {
        "submit_rate": keyed_in.rate,
        "submit_kept": keyed_in.rate / plain_in.rate,
        "submit_cpu_kept": plain_in.cpu_us / keyed_in.cpu_us,
        "plain_rate": plain_out.rate,
        "rate_kept": keyed_out.rate / plain_out.rate,
        "cpu_kept": plain_out.cpu_us / keyed_out.cpu_us,
    }


def _fill_and_drain(trial: Trial, jobs: int, keys: int) -> tuple[Spent, Spent]:
    filled = trial.load("submit", in_flight=100, jobs=jobs, keys=keys)
    trial.tell(f"  {keys} keys: {filled.rate:,.0f}/s submitted")
    drained = trial.load("exchange", clients=0, workers=8, jobs=jobs)
    trial.tell(f"  {keys} keys: {drained.rate:,.0f}/s done")
    return filled, drained


def _figure(key: str, title: str, unit: str = "", digits: int = 0) -> Figure:
    return Figure(
        key=key, title=title, unit=unit, placement=FREE, digits=digits, compare=False
    )


FIGURES = (
    _figure("rate", "jobs done per second, behind keys", "/s"),
    _figure("plain_rate", "the same without keys", "/s"),
    _figure("rate_kept", "behind keys, as part of that", "", 2),
    _figure("cpu_kept", "the same of jobs per second of server CPU", "", 2),
    _figure("submit_rate", "submits per second, with a key", "/s"),
    _figure("submit_kept", "as part of those without", "", 2),
    _figure("submit_cpu_kept", "the same of submits per second of server CPU", "", 2),
    SERVER_SHARE,
    GENERATOR_SHARE,
)


def _scenario(name: str, suite: Suite) -> Scenario:
    return Scenario(
        name=name,
        title=f"{JOBS:,} jobs behind {KEYS:,} flow keys, one at a time of each, "
        "8 workers",
        placements=(FREE,),
        figures=FIGURES,
        measure=measure,
        suite=suite,
        without=frozenset(peer.name for peer in suite.references),
        on_demand=True,
    )


LIMITED = _scenario("limited", MEMORY)
DURABLE_LIMITED = _scenario("durable-limited", DURABLE)
