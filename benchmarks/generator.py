"""Build the load generator, a C program, and run it against a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.errors import LoadError

SOURCES = Path(__file__).parent / "load"
PROGRAM = SOURCES / "build" / "load"
TIME_LIMIT = 300.0


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a number of jobs cost, in seconds.

    ``server`` and ``generator`` are processor time, user and system together.
    """

    jobs: int
    wall: float
    server: float
    generator: float
    slices: tuple[Spent, ...] = ()
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Return jobs per second of wall time."""
        return self.jobs / self.wall

    @property
    def cpu_us(self) -> float:
        """Return the server's processor time for one job, in microseconds."""
        return self.server / self.jobs * 1e6

    def share(self, seconds: float) -> float:
        """Return how many percent of one core these seconds are of the wall time."""
        return seconds / self.wall * 100


def build() -> Path:
    """Compile the generator if its sources are newer than it; return its path.

    Raises:
        LoadError: there is no C compiler, or it refused the sources.
    """
    sources = sorted(SOURCES.glob("*.c"))
    newest = max(path.stat().st_mtime for path in SOURCES.glob("*.[ch]"))
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > newest:
        return PROGRAM
    compiler = shutil.which("cc")
    if compiler is None:
        raise LoadError(
            "the load generator is a C program and there is no C compiler `cc`: "
            "apt-get install gcc libc6-dev"
        )
    PROGRAM.parent.mkdir(exist_ok=True)
    flags = ["-O2", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra"]
    draft = PROGRAM.with_suffix(f".{os.getpid()}")
    command = [compiler, *flags, "-o", str(draft), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadError(f"the load generator does not compile:\n{done.stderr}")
    draft.replace(PROGRAM)
    return PROGRAM


def run(mode: str, **options: int | Path) -> Spent:
    """Run the generator in one mode; ``in_flight=16`` becomes ``--in-flight 16``.

    Raises:
        LoadError: it failed or took more than five minutes; says what it said.
    """
    command = [str(build()), mode]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{' '.join(command)}: not done in {TIME_LIMIT} s") from error
    if done.returncode != 0:
        raise LoadError(f"{' '.join(command)}: {done.stderr.strip()}")
    return _spent(json.loads(done.stdout))


def _spent(figures: dict[str, Any]) -> Spent:
    return Spent(
        jobs=figures.pop("jobs"),
        wall=figures.pop("wall"),
        server=figures.pop("server"),
        generator=figures.pop("generator"),
        slices=tuple(_spent(slice_) for slice_ in figures.pop("slices", [])),
        extra=figures,
    )
