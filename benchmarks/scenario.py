"""What a scenario is: a load, and the figures that are read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.support.servers import RunningServer

from benchmarks import generator
from benchmarks.generator import Spent

PINNED: Final = "pinned"
"""The server on one core, the generator on another."""

FREE: Final = "free"
"""Server and generator wherever the kernel puts them."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a scenario, and the placement it is reported from.

    ``compare`` says whether the ratio to the other peers means something;
    ``is_rate`` that a generator without a free moment makes it a lower bound.
    """

    key: str
    title: str
    unit: str
    placement: str
    digits: int = 1
    compare: bool = True
    is_rate: bool = False


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One server under one scenario, once.

    ``core`` is where the generator stays (None: anywhere), ``scale`` the part of the
    full size to run.
    """

    server: RunningServer
    core: int | None
    scale: float

    def size(self, full: int, least: int = 200) -> int:
        """Return ``full`` scaled, but not less than ``least``."""
        return max(least, int(full * self.scale))

    def load(self, mode: str, **options: int) -> Spent:
        """Run the generator against this server.

        Raises:
            LoadError: the generator stopped before it was done.
        """
        return generator.run(
            mode,
            port=self.server.port,
            server=self.server.process.pid,
            cpu=-1 if self.core is None else self.core,
            **options,
        )


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A named load. ``once`` are the peers too slow to be run more than once."""

    name: str
    title: str
    placements: tuple[str, ...]
    figures: tuple[Figure, ...]
    measure: Callable[[Trial], dict[str, float]]
    once: frozenset[str] = frozenset()


CPU: Final = Figure(
    key="cpu_us", title="server CPU per job", unit="µs", placement=PINNED, digits=2
)
RATE: Final = Figure(
    key="rate",
    title="jobs per second",
    unit="/s",
    placement=FREE,
    digits=0,
    is_rate=True,
)
SERVER_SHARE: Final = Figure(
    key="server_share",
    title="server busy",
    unit="% of a core",
    placement=FREE,
    digits=0,
    compare=False,
)
GENERATOR_SHARE: Final = Figure(
    key="generator_share",
    title="generator busy",
    unit="% of a core",
    placement=FREE,
    digits=0,
    compare=False,
)


def common(spent: Spent) -> dict[str, float]:
    """Return the figures that every load has."""
    return {
        CPU.key: spent.cpu_us,
        RATE.key: spent.rate,
        SERVER_SHARE.key: spent.share(spent.server),
        GENERATOR_SHARE.key: spent.share(spent.generator),
    }
