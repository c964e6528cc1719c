"""Attacks: what one peer can send to keep a job server busy for as long as it can.

Each of ``ATTACKS`` prepares, which is not measured, and returns what is then sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.wire import Wire, packet

__all__ = ["ATTACKS", "Attack"]


@dataclass(frozen=True)
class Attack:
    """What is sent, whether the answers are read, and who else stays."""

    sender: Wire
    data: bytes
    reads: bool = True
    others: tuple[Wire, ...] = ()

    def begin(self) -> None:
        """Send from a thread of its own, as far as the server takes it."""
        for run in (self._send, self._read) if self.reads else (self._send,):
            threading.Thread(target=run, daemon=True).start()

    def _send(self) -> None:
        with suppress(OSError):
            self.sender.socket.sendall(self.data)

    def _read(self) -> None:
        with suppress(OSError):
            while self.sender.socket.recv(1 << 20):
                pass

    def close(self) -> None:
        """Leave the job server."""
        for wire in (self.sender, *self.others):
            wire.close()


def _wire(server: RunningServer) -> Wire:
    return Wire(server.connect(timeout=60))


def _functions(server: RunningServer, count: int) -> Wire:
    worker = _wire(server)
    names = [packet(PacketType.CAN_DO, b"function-%d" % each) for each in range(count)]
    worker.send_bytes(b"".join(names))
    assert worker.echoes()
    return worker


def _jobs(server: RunningServer, count: int) -> Wire:
    client = _wire(server)
    for first in range(0, count, 5_000):
        numbers = range(first, min(first + 5_000, count))
        client.send_bytes(
            b"".join(
                packet(PacketType.SUBMIT_JOB_BG, b"f", b"%d" % each, b"x")
                for each in numbers
            )
        )
        client.expect(PacketType.JOB_CREATED, len(numbers))
    return client


def _listings(server: RunningServer) -> Attack:
    _jobs(server, 20_000).close()
    return Attack(_wire(server), b"show jobs\n" * 6_553, reads=False)


def _listings_read(server: RunningServer) -> Attack:
    worker = _functions(server, 1_000)
    lines = b"counters\nworkers\nstatus\n" * 2_000
    return Attack(_wire(server), lines, others=(worker,))


def _policies(server: RunningServer) -> Attack:
    worker = _functions(server, 1_000)
    changes = [b"policy *a%d* ttl=1\n" % each for each in range(300)]
    return Attack(worker, b"".join(changes))


def _globs(server: RunningServer) -> Attack:
    attacker = _wire(server)
    changes = [b"policy *x%d*y* ttl=1\n" % each for each in range(500)]
    attacker.send_bytes(b"".join(changes))
    assert {attacker.read_line() for _ in changes} == {b"OK\r\n"}
    names = [packet(PacketType.CAN_DO, b"function-%d" % each) for each in range(2_000)]
    return Attack(attacker, b"".join(names))


def _abilities(server: RunningServer) -> Attack:
    worker = _functions(server, 5_000)
    worker.sleep()
    change = packet(PacketType.CANT_DO, b"function-7")
    change += packet(PacketType.CAN_DO, b"function-7")
    change += packet(PacketType.PRE_SLEEP)
    return Attack(worker, change * 2_000)


def _schedules(server: RunningServer) -> Attack:
    every = [b"*/5", b"", b"", b"", b"", b"x"]
    submissions = [
        packet(PacketType.SUBMIT_JOB_SCHED, b"f", b"u%d" % each, *every)
        for each in range(5_000)
    ]
    return Attack(_wire(server), b"".join(submissions))


def _uniques(server: RunningServer) -> Attack:
    worker = _functions(server, 5_000)
    questions = packet(PacketType.GET_STATUS_UNIQUE, b"u") * 5_000
    return Attack(_wire(server), questions, others=(worker,))


def _drops(server: RunningServer) -> Attack:
    worker = _functions(server, 3_000)
    return Attack(_wire(server), b"drop function x\n" * 3_000, others=(worker,))


def _joined(server: RunningServer) -> Attack:
    client, worker = _wire(server), _wire(server)
    for _ in range(4):
        client.send_bytes(packet(PacketType.SUBMIT_JOB, b"f", b"u", b"x") * 5_000)
        client.expect(PacketType.JOB_CREATED, 5_000)
    worker.register(b"f")
    handle, _ = worker.grab()
    data = packet(PacketType.WORK_DATA, handle, b"d" * 60_000)
    return Attack(worker, data * 20, others=(client,))


def _wrong(server: RunningServer) -> Attack:
    wrong = packet(PacketType.CAN_DO, magic=b"\0RES") * 500
    return Attack(_wire(server), (wrong + b"policy f wrong=1\n" * 500) * 20)


ATTACKS: dict[str, Callable[[RunningServer], Attack]] = {
    "listings": _listings,
    "listings that are read": _listings_read,
    "policies": _policies,
    "globs": _globs,
    "abilities": _abilities,
    "schedules": _schedules,
    "uniques": _uniques,
    "drops": _drops,
    "joined": _joined,
    "wrong": _wrong,
}
