"""Ten thousand workers sleep, and one job comes."""

from __future__ import annotations

import resource

from benchmarks.errors import LoadError
from benchmarks.scenario import PINNED, Figure, Scenario, Trial, common

WORKERS = 10_000
SPARE_DESCRIPTORS = 100


def measure(trial: Trial) -> dict[str, float]:
    """Submit one job at a time to a full bedroom and count the NOOPs.

    Raises:
        LoadError: the limit of open files is lower than the workers need.
    """
    workers = trial.size(WORKERS, 50)
    _allow_descriptors(workers + SPARE_DESCRIPTORS)
    spent = trial.load("sleepers", workers=workers, jobs=trial.size(3, 2))
    return {
        "workers": spent.extra["workers"],
        "noops": spent.extra["noops"] / spent.jobs,
        "cpu_us": common(spent)["cpu_us"],
    }


def _allow_descriptors(needed: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise LoadError(
            f"the sleepers need {needed} open files and the hard limit is {hard}: "
            "raise it as root with `ulimit -Hn`, or name the other scenarios by --only"
        )


SCENARIO = Scenario(
    name="sleepers",
    title="10,000 sleeping workers, one job",
    placements=(PINNED,),
    figures=(
        Figure(
            key="workers",
            title="sleeping workers",
            unit="",
            placement=PINNED,
            digits=0,
            compare=False,
        ),
        Figure(
            key="noops",
            title="workers woken for one job",
            unit="",
            placement=PINNED,
            digits=0,
        ),
        Figure(
            key="cpu_us",
            title="server CPU for that job",
            unit="µs",
            placement=PINNED,
            digits=0,
        ),
    ),
    measure=measure,
)
