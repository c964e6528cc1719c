"""Where a cluster runs: on hosts of its own, or in processes of one machine."""

from __future__ import annotations

import random
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

from proof.cluster.databases import Pair
from proof.cluster.network import Network
from tests.support.node_processes import Node
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import free_port
from tests.support.wall_clocks import LIBRARIES, WallClock

__all__ = ["HOSTS", "Hosts", "OneMachine", "Site"]

HOSTS = ("n1", "n2", "n3")
_PORT = 4730
# Where other nodes and clients reach the one behind a relay.
_RELAYED_PORT = 4740


class Site(ABC):
    """What a cluster consists of.

    Attributes:
        nodes: its nodes.
        lease: for how many seconds a node has its jobs without a word.
    """

    lease = 10.0
    nodes: list[Node]

    @abstractmethod
    def open(self) -> None:
        """Have everything there but the nodes, which are started then.

        Raises:
            AssertionError: the machine does not allow it.
        """

    @abstractmethod
    def close(self) -> None:
        """End all of it."""

    @abstractmethod
    def heal(self) -> None:
        """End everything that is wrong between hosts."""

    @abstractmethod
    def ask(self, text: str) -> list[tuple[object, ...]]:
        """Ask the database that takes writes."""


class Hosts(Site):
    """Three nodes and two databases on hosts of their own; one node behind a relay.

    Attributes:
        network: what is between the hosts.
        pair: the databases.
        behind: the node whose connections all pass the relay.
    """

    def __init__(self, folder: Path, randomness: random.Random) -> None:
        """Keep data and logs in a folder; which node is behind the relay is random."""
        databases = folder / "databases"
        databases.mkdir()
        # The databases' account has to get there.
        folder.chmod(0o755)
        self._folder = folder
        self.network = Network([*HOSTS, "db1", "db2"])
        self.pair = Pair(self.network, databases)
        self._relayed = randomness.choice(HOSTS)
        self._relay: subprocess.Popen[bytes] | None = None
        self.nodes = [self._node(name) for name in HOSTS]
        (self.behind,) = (each for each in self.nodes if each.name == self._relayed)

    def _node(self, name: str) -> Node:
        host = self.network.addresses[name]
        clock = WallClock(self._folder / f"{name}.clock") if LIBRARIES else None
        command = self.network.command(name, _alone(clock))
        command += [*_process(self.lease), "--listen", f"{host}:{_PORT}"]
        peers = [each for each in HOSTS if each != name]
        if name == self._relayed:
            databases = [f"{host}:{5441 + place}" for place in range(2)]
            helped = [f"{host}:{4741 + place}" for place in range(2)]
        else:
            databases = self.pair.addresses()
            helped = [self._reached(each) for each in peers]
        command += ["--store", self.pair.url(databases)]
        for address in helped:
            command += ["--peer", address]
        reached, _, port = self._reached(name).partition(":")
        return Node(name, (reached, int(port)), self._folder, command, clock)

    def _reached(self, name: str) -> str:
        port = _RELAYED_PORT if name == self._relayed else _PORT
        return f"{self.network.addresses[name]}:{port}"

    def open(self) -> None:
        self.network.open()
        self.pair.start()
        host = self.network.addresses[self._relayed]
        pairs = [f"{host}:{_RELAYED_PORT}={host}:{_PORT}"]
        for place, address in enumerate(self.pair.addresses()):
            pairs.append(f"{host}:{5441 + place}={address}")
        peers = [each for each in HOSTS if each != self._relayed]
        for place, name in enumerate(peers):
            pairs.append(f"{host}:{4741 + place}={self._reached(name)}")
        command = [sys.executable, "-m", "proof.cluster.relay", *pairs]
        with (self._folder / "relay.log").open("wb") as log:
            self._relay = subprocess.Popen(
                self.network.command(self._relayed, command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._relay.stdout is not None
        assert self._relay.stdout.readline() == b"ready\n", "the relay did not start"

    def slow(self, seconds: float) -> None:
        """Delay all that the node behind the relay is sent, and what it sends."""
        assert self._relay is not None
        assert self._relay.stdin is not None
        self._relay.stdin.write(b"%g\n" % seconds)
        self._relay.stdin.flush()

    def close(self) -> None:
        self.network.close()
        if self._relay is not None:
            self._relay.kill()
            self._relay.wait()

    def heal(self) -> None:
        self.network.heal()
        self.slow(0.0)

    def ask(self, text: str) -> list[tuple[object, ...]]:
        return self.pair.ask(text)


def _alone(clock: WallClock | None) -> list[str]:
    """Return what runs Python as if it were alone on a machine, with its own clock.

    Who sees the processes of a node would take over at its death, and wait for nothing.
    """
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return [*command, *_by(clock), sys.executable]


def _process(lease: float) -> list[str]:
    """Return what has Python run a job server."""
    return ["-m", "proof.cluster.process", f"{lease:g}", "server"]


def _by(clock: WallClock | None) -> Iterable[str]:
    if clock is None:
        return []
    return ["env", *(f"{name}={value}" for name, value in clock.environment().items())]


class OneMachine(Site):
    """Two nodes and a database, all processes of this machine, with a short lease."""

    # Shorter, and it would be renewed too late: the store is looked at each second.
    lease = 4.0

    def __init__(self, folder: Path) -> None:
        """Keep logs in a folder."""
        self.database = PostgresqlServer()
        ports = [free_port(), free_port()]
        self.nodes = []
        for place, port in enumerate(ports):
            name = f"n{place + 1}"
            clock = WallClock(folder / f"{name}.clock") if LIBRARIES else None
            command = [*_by(clock), sys.executable, *_process(self.lease)]
            command += ["--listen", f"127.0.0.1:{port}"]
            command += ["--store", self.database.url()]
            command += ["--peer", f"127.0.0.1:{ports[1 - place]}"]
            address = ("127.0.0.1", port)
            self.nodes.append(Node(name, address, folder, command, clock))

    def open(self) -> None:
        self.database.start()

    def close(self) -> None:
        for node in self.nodes:
            node.end()
        self.database.stop()

    def heal(self) -> None:
        pass

    def ask(self, text: str) -> list[tuple[object, ...]]:
        return self.database.ask(text)
