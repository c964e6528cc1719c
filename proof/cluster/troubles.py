"""What goes wrong with a cluster, one thing after another."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from proof.cluster.history import History
from proof.cluster.sites import Hosts, OneMachine, Site
from tests.support.node_processes import Node

__all__ = ["AFTERMATH", "HostTroubles", "OneMachineTroubles", "Troubles"]

AFTERMATH = 15.0
"""Seconds after a trouble in which a job may run again: a lease, and its margin."""

_MOST_TAKEOVER = 15.0
_ADOPTED = (") has left ", ") have left ", "another job server has left ")
_DATABASES = ("db1", "db2")
# Seconds by which clocks are set: from less than a lease to days.
_STEPS = (-200_000, -3600, -61, -5, 5, 61, 3600, 200_000)
# Seconds that a packet takes, where it took half a millisecond: a hundred times that.
_DELAYS = (0.02, 0.08)


class Troubles:
    """The troubles that any cluster can have.

    Those of ``hard`` are reasons for a job to run once more, those of ``soft`` are not.
    """

    def __init__(self, site: Site, history: History, randomness: random.Random) -> None:
        self._site = site
        self._history = history
        self._randomness = randomness
        self.hard: list[Callable[[], None]] = [
            self._kill,
            self._stop_in_order,
            self._hold,
        ]
        self.soft: list[Callable[[], None]] = []
        if site.nodes[0].clock is not None:
            self.soft.append(self._set_clock)

    def _any(self) -> Node:
        return self._randomness.choice(self._site.nodes)

    def _kill(self) -> None:
        node = self._any()
        with self._history.trouble("node killed", node.name), self._measured(node):
            node.kill()
        node.start()

    @contextmanager
    def _measured(self, dead: Node) -> Iterator[None]:
        """Measure how long it takes until another node has the jobs of a dead one."""
        others = [node for node in self._site.nodes if node is not dead]
        before = _adopted(others)
        yield
        began = monotonic()
        while monotonic() < began + _MOST_TAKEOVER:
            if _adopted(others) > before:
                self._history.takeovers.append(monotonic() - began)
                return
            time.sleep(0.05)
        self._history.faults.append(
            f"nobody had the jobs of {dead.name} within {_MOST_TAKEOVER:.0f} s"
        )

    def _stop_in_order(self) -> None:
        node = self._any()
        with self._history.trouble("node stopped in order", node.name):
            status = node.stop()
        if status:
            self._history.faults.append(f"{node.name} ended with the status {status}")
        node.start()

    def _hold(self) -> None:
        node = self._any()
        with self._history.trouble("node held beyond its lease", node.name):
            node.hold()
            time.sleep(self._site.lease * self._randomness.uniform(1.25, 1.6))
            node.go_on()

    def _set_clock(self) -> None:
        node, step = self._any(), self._randomness.choice(_STEPS)
        assert node.clock is not None
        with self._history.trouble("clock set", node.name, is_reason=False):
            node.clock.set(step)
            # A step is noticed within a second.
            time.sleep(1.2)


def _adopted(nodes: list[Node]) -> int:
    """Return how often nodes have said that they go on with what another has left."""
    return sum(node.count(said) for node in nodes for said in _ADOPTED)


class OneMachineTroubles(Troubles):
    """Those of processes on one machine, too."""

    def __init__(
        self, site: OneMachine, history: History, randomness: random.Random
    ) -> None:
        super().__init__(site, history, randomness)
        self._database = site.database
        self.hard.append(self._restart_database)

    def _restart_database(self) -> None:
        with self._history.trouble("database killed"):
            self._database.kill()
            self._database.start()


class HostTroubles(Troubles):
    """Those of several machines, too.

    The databases' clocks stay as they are: PostgreSQL looks at the time in handlers of
    signals, where faketime waits for itself. ``tests/stores/postgresql`` moves leases
    instead.
    """

    def __init__(
        self, site: Hosts, history: History, randomness: random.Random
    ) -> None:
        super().__init__(site, history, randomness)
        self._hosts = site
        self.hard += [
            self._kill,
            self._part_from_database,
            self._part_nodes,
            self._crawl,
            self._restart_database,
            self._fail_over,
        ]
        self.soft.append(self._slow_network)

    def _part_from_database(self) -> None:
        node = self._any()
        with self._history.trouble("node without database", node.name):
            for database in _DATABASES:
                self._hosts.network.part(node.name, database)
            time.sleep(self._site.lease * self._randomness.uniform(0.2, 1.6))
            self._hosts.network.heal()

    def _part_nodes(self) -> None:
        one, other = self._randomness.sample(self._site.nodes, 2)
        with self._history.trouble("nodes apart", one.name, other.name):
            self._hosts.network.part(one.name, other.name)
            time.sleep(self._randomness.uniform(2, 10))
            self._hosts.network.heal()

    def _crawl(self) -> None:
        node = self._any()
        with self._history.trouble("node slow", node.name):
            node.crawl(self._randomness.uniform(2, 8))

    def _restart_database(self) -> None:
        with self._history.trouble("database killed", *_DATABASES):
            self._hosts.pair.restart()

    def _fail_over(self) -> None:
        with self._history.trouble("failover", *_DATABASES):
            self._hosts.network.part(*_DATABASES)
            time.sleep(self._randomness.uniform(1, 3))
            self._hosts.network.heal()
            self._hosts.pair.fail_over()

    def _slow_network(self) -> None:
        node = self._hosts.behind
        with self._history.trouble("network slow", node.name, is_reason=False):
            self._hosts.slow(self._randomness.uniform(*_DELAYS))
            time.sleep(self._randomness.uniform(5, 10))
            self._hosts.slow(0.0)
