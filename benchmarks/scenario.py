"""What a scenario is: a load, and the figures that are read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import generator
from benchmarks.generator import Spent
from benchmarks.peers import Peer
from benchmarks.suites import MEMORY, Suite
from tests.support.servers import RunningServer

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

    ``folder`` is where the server keeps what it keeps on disk, ``core`` where the
    generator stays (None: anywhere), ``scale`` the part of the full size to run.
    ``tell`` takes a line about how far it has got.
    """

    server: RunningServer
    peer: Peer
    folder: Path
    core: int | None
    scale: float
    tell: Callable[[str], None]

    def size(self, full: int, least: int = 200) -> int:
        """Return ``full`` scaled, also by the peer's share, but at least ``least``."""
        return max(least, int(full * self.scale * self.peer.share))

    def load(self, mode: str, **options: int | Path) -> Spent:
        """Run the generator against this server.

        Raises:
            LoadError: the generator stopped before it was done.
        """
        if not self.peer.has_uniques:
            options |= {"beanstalk": 1, "unique": 0}
        return generator.run(
            mode,
            port=self.server.port,
            server=self.server.process.pid,
            cpu=-1 if self.core is None else self.core,
            **options,
        )


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A named load.

    ``without`` are peers of the suite that take no part, ``once`` those too slow to
    be run more than once. ``on_demand`` scenarios run only when named.
    """

    name: str
    title: str
    placements: tuple[str, ...]
    figures: tuple[Figure, ...]
    measure: Callable[[Trial], dict[str, float]]
    suite: Suite = MEMORY
    without: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()
    on_demand: bool = False

    @property
    def references(self) -> tuple[Peer, ...]:
        """Return the peers that Geartrain is compared with."""
        found = (
            each for each in self.suite.references if each.name not in self.without
        )
        return tuple(found)

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Return all peers that take part, Geartrain first."""
        return (self.suite.ours, *self.references)


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
P50: Final = Figure(
    key="p50_us", title="latency p50", unit="µs", placement=FREE, digits=0
)
P99: Final = Figure(
    key="p99_us", title="latency p99", unit="µs", placement=FREE, digits=0
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


def latencies(spent: Spent) -> dict[str, float]:
    """Return the figures of a load that timed single jobs."""
    return {P50.key: spent.extra["p50"], P99.key: spent.extra["p99"]}
