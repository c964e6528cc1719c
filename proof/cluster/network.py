"""Hosts in network namespaces of one machine, and what goes wrong between them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress

__all__ = ["Network"]

_BRIDGE = "gtbridge"
_SUBNET = "10.99.7"
_HERE = f"{_SUBNET}.1"


class Network:
    """One bridge, and a host with an address of its own for each name.

    This process reaches all of them, whatever is between them. Needs root.

    Attributes:
        addresses: the addresses by the hosts' names.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.addresses = {
            name: f"{_SUBNET}.{number}" for number, name in enumerate(names, 10)
        }

    def open(self) -> None:
        """Make it; what an earlier run has left is removed first.

        Raises:
            AssertionError: the machine does not allow it.
        """
        assert os.geteuid() == 0, "network namespaces need root"
        self.close()
        _run("ip", "link", "add", _BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{_HERE}/24", "dev", _BRIDGE)
        _run("ip", "link", "set", _BRIDGE, "up")
        for name, address in self.addresses.items():
            self._add(name, address)

    def _add(self, name: str, address: str) -> None:
        space, outer = _space(name), f"gt-{name}"
        _run("ip", "netns", "add", space)
        _run(*f"ip link add {outer} type veth peer name eth0 netns {space}".split())
        _run("ip", "link", "set", outer, "master", _BRIDGE, "up")
        _within(name, "ip", "address", "add", f"{address}/24", "dev", "eth0")
        _within(name, "ip", "link", "set", "eth0", "up")
        _within(name, "ip", "link", "set", "lo", "up")

    def close(self) -> None:
        """Remove it, and end what still runs in it."""
        for name in self.addresses:
            with suppress(AssertionError):
                pids = _run("ip", "netns", "pids", _space(name))
                for pid in pids.split():
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), 9)
                _run("ip", "netns", "delete", _space(name))
            with suppress(AssertionError):
                # While a process ends, its host is still there.
                _run("ip", "link", "delete", f"gt-{name}")
        with suppress(AssertionError):
            _run("ip", "link", "delete", _BRIDGE)

    def command(self, name: str, command: Iterable[str]) -> list[str]:
        """Return a command that runs another one on a host."""
        return ["ip", "netns", "exec", _space(name), *command]

    def part(self, one: str, other: str) -> None:
        """Lose every packet between two hosts."""
        for here, there in ((one, other), (other, one)):
            route = f"{self.addresses[there]}/32"
            _within(here, "ip", "route", "replace", "blackhole", route)

    def join(self, one: str, other: str) -> None:
        """Let them hear each other again."""
        for here, there in ((one, other), (other, one)):
            route = f"{self.addresses[there]}/32"
            with suppress(AssertionError):
                _within(here, "ip", "route", "delete", "blackhole", route)

    def heal(self) -> None:
        """End everything that is wrong between hosts."""
        names = list(self.addresses)
        for number, one in enumerate(names):
            for other in names[number + 1 :]:
                self.join(one, other)


def _space(name: str) -> str:
    return f"geartrain-{name}"


def _within(name: str, *command: str) -> str:
    return _run("ip", "netns", "exec", _space(name), *command)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout
