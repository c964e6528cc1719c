"""Hostile peers: ``python -m proof.soak.attacks PORT SEED`` never stops.

Each attack is one connection, or a few, and takes some seconds. What it was, and
when, is a line on stdout.
"""

from __future__ import annotations

import random
import socket
import sys
import time
from collections.abc import Callable

from geartrain.protocol.constants import PacketType
from tests.support.wire import Wire, packet

_LONG = 3.0


def _connect(port: int) -> Wire:
    wire = Wire(socket.create_connection(("127.0.0.1", port), 2))
    wire.socket.settimeout(_LONG)
    return wire


def _listings(port: int, chance: random.Random) -> None:
    """Ask for lists again and again, and read nothing."""
    command = chance.choice([b"show jobs", b"jobs", b"status", b"counters", b"workers"])
    with _connect(port) as wire:
        wire.send_bytes((command + b"\n") * (65536 // len(command)))
        time.sleep(_LONG)


def _policies(port: int, chance: random.Random) -> None:
    """Change policies of many functions."""
    globs = [b"policy *a%d* ttl=%d\n" % (n, chance.randint(1, 9)) for n in range(500)]
    with _connect(port) as wire:
        wire.send_bytes(b"".join(globs))
        time.sleep(_LONG)


def _abilities(port: int, chance: random.Random) -> None:
    """Register thousands of abilities and toggle one while asleep."""
    with _connect(port) as wire:
        wire.send_bytes(b"".join(packet(1, b"a-%d" % n) for n in range(5000)))
        for _ in range(200):
            wire.send_bytes(packet(2, b"a-7") + packet(1, b"a-7") + packet(4))
        time.sleep(1)


def _page(port: int, chance: random.Random) -> None:
    """Be a web page that posts commands."""
    body = b"\npolicy * ttl=1\nshutdown\n" + packet(18, b"page", b"", b"x")
    with _connect(port) as wire:
        wire.send_bytes(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        time.sleep(0.2)


def _joins(port: int, chance: random.Random) -> None:
    """Join one job thousands of times, send data to it, read nothing."""
    with _connect(port) as client, _connect(port) as worker:
        worker.send(PacketType.CAN_DO, b"joined")
        client.send_bytes(packet(7, b"joined", b"u", b"x") * 5000)
        worker.send(PacketType.GRAB_JOB)
        handle = worker.read().split(3)[0]
        for _ in range(20):
            worker.send(PacketType.WORK_DATA, handle, b"d" * 60000)
        worker.send(PacketType.WORK_COMPLETE, handle, b"")
        time.sleep(1)


def _halves(port: int, chance: random.Random) -> None:
    """Begin large packets on many connections and do not end them."""
    begun = []
    for _ in range(100):
        wire = _connect(port)
        wire.send_bytes(packet(7, b"half", b"", b"x" * 200_000)[:150_000])
        begun.append(wire)
    time.sleep(1)
    for wire in begun:
        wire.close()


def _garbage(port: int, chance: random.Random) -> None:
    """Send bytes without sense, some after a sound magic."""
    for _ in range(50):
        with _connect(port) as wire:
            head = chance.choice(
                [b"", b"\0REQ", b"\0RES", b"status\n", b"\x16\x03\x01"]
            )
            wire.send_bytes(head + chance.randbytes(chance.randint(1, 2000)))


def _names(port: int, chance: random.Random) -> None:
    """Use names that break lines, and break off."""
    names = [b"evil\nname", b".", b"tab\tname", b"\x1b[31m", b"n" * 60000]
    with _connect(port) as wire:
        for name in names:
            wire.send_bytes(packet(1, name) + packet(22, name) + packet(9))
        time.sleep(0.2)


ATTACKS: list[Callable[[int, random.Random], None]] = [
    _listings,
    _policies,
    _abilities,
    _page,
    _joins,
    _halves,
    _garbage,
    _names,
]


def attack(port: int, seed: str) -> None:
    """Attack until the process is ended."""
    chance = random.Random(seed)
    while True:
        chosen = chance.choice(ATTACKS)
        print(f"{time.monotonic():.3f} {chosen.__name__[1:]}", flush=True)  # noqa: T201
        try:
            chosen(port, chance)
        except (OSError, AssertionError):
            # The job server may close the connection, or be down itself.
            time.sleep(0.1)


if __name__ == "__main__":
    attack(int(sys.argv[1]), sys.argv[2])
