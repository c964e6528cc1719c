"""How long a program waits until it can use the library."""

from __future__ import annotations

import resource
import subprocess
import time
from dataclasses import dataclass
from statistics import median

from benchmarks.contenders import DRAMATIQ_ONE_THREAD, RQ_SIMPLE
from benchmarks.errors import LoadError
from benchmarks.library import as_library
from benchmarks.scenario import FREE, Figure, Scenario, Trial
from benchmarks.suites import PYTHON_LIBRARIES

REPEATS = 20
COUNT = "; import sys; print(len(sys.modules))"


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start of Python: its seconds, its processor seconds, its loaded modules."""

    wall: float
    cpu: float
    modules: int


def measure(trial: Trial) -> dict[str, float]:
    """Start Python with and without the import, in turn, and compare the medians."""
    library = as_library(trial.peer)
    python = library.client[0]
    bare, full = [], []
    for _ in range(trial.size(REPEATS, 3)):
        bare.append(_start(python, "pass"))
        full.append(_start(python, library.imports))
    wall = median(each.wall for each in full) - median(each.wall for each in bare)
    cpu = median(each.cpu for each in full) - median(each.cpu for each in bare)
    return {
        "import_ms": wall * 1e3,
        "cpu_ms": cpu * 1e3,
        "modules": full[0].modules - bare[0].modules,
    }


def _start(python: str, statement: str) -> Start:
    """Run a statement in a Python of its own.

    Raises:
        LoadError: it failed; says what it said.
    """
    began, used = time.perf_counter(), _children_seconds()
    done = subprocess.run(
        [python, "-c", statement + COUNT], capture_output=True, text=True, check=False
    )
    wall, cpu = time.perf_counter() - began, _children_seconds() - used
    if done.returncode != 0:
        raise LoadError(f"{python} -c {statement!r}: {done.stderr}")
    return Start(wall=wall, cpu=cpu, modules=int(done.stdout))


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


SCENARIO = Scenario(
    name="python-import",
    title="import of what a client needs, beside Python's own start",
    placements=(FREE,),
    figures=(
        Figure(key="import_ms", title="time", unit="ms", placement=FREE, digits=0),
        Figure(
            key="cpu_ms", title="processor time", unit="ms", placement=FREE, digits=0
        ),
        Figure(
            key="modules", title="modules loaded", unit="", placement=FREE, digits=0
        ),
    ),
    measure=measure,
    suite=PYTHON_LIBRARIES,
    without=frozenset({RQ_SIMPLE.name, DRAMATIQ_ONE_THREAD.name}),
)
