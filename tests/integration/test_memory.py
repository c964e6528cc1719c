"""A job server with ``--max-memory`` stays within it, whatever peers do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import (
    MIB,
    Neighbour,
    ProcessFigures,
    Received,
    Wire,
    packet,
    sound_server,
)

COVERS = ("server/memory",)

LIMIT = 128 * MIB
# What is promised beyond the limit: an eighth, and a result of a quarter.
BOUND = LIMIT * 11 // 8
# On a busy machine memory is looked at later. Without a limit each of these tests
# takes more than twice the limit.
BUSY = LIMIT // 4


@contextmanager
def limited(*flags: str) -> Iterator[tuple[RunningServer, ProcessFigures]]:
    """Run a job server of 128 MiB that must answer others all the time."""
    with sound_server("--max-memory", "128M", *flags) as server:
        figures = ProcessFigures(server)
        with closing(Neighbour(server)) as neighbour:
            yield server, figures
            wait_until(lambda: takes_jobs(server))
            assert neighbour.is_unharmed()
        assert figures.peak_memory() < BOUND + BUSY
        wait_until(
            lambda: "memory has room again" in server.log.read_text(), timeout=20
        )


def takes_jobs(server: RunningServer) -> bool:
    with Wire(server.connect()) as wire:
        wire.send(PacketType.SUBMIT_JOB, b"small", b"", b"w")
        return wire.read().type == PacketType.JOB_CREATED


def submitted(wire: Wire, size: int) -> Received:
    wire.send(PacketType.SUBMIT_JOB, b"large", b"", b"w" * size)
    return wire.read()


def test_foreground_jobs_beyond_the_limit_are_refused() -> None:
    with limited() as (server, _), ExitStack() as stack:
        wires = [stack.enter_context(Wire(server.connect())) for _ in range(24)]
        with ThreadPoolExecutor(len(wires)) as threads:
            answers = [*threads.map(lambda wire: submitted(wire, 16 * MIB), wires)]
        kinds = [answer.type for answer in answers]
        assert 1 <= kinds.count(PacketType.JOB_CREATED) <= 6
        refused = [each for each in answers if each.type == PacketType.ERROR]
        assert len(refused) + kinds.count(PacketType.JOB_CREATED) == len(wires)
        assert all(each.payload.startswith(b"QUEUE_ERROR\0") for each in refused)
        # Whoever was refused goes on.
        assert all(wire.echoes() for wire in wires)


def test_half_of_a_packet_does_not_keep_memory() -> None:
    half = packet(PacketType.SUBMIT_JOB_BG, b"f", b"", b"h" * MIB)[: MIB // 2]
    with limited() as (server, _), ExitStack() as stack:
        for _ in range(400):
            peer = stack.enter_context(closing(server.connect()))
            peer.sendall(half)
        with Wire(server.connect()) as wire:
            assert wire.echoes()


def test_clients_that_never_read_do_not_keep_memory() -> None:
    with limited() as (server, _), ExitStack() as stack:
        worker = stack.enter_context(Wire(server.connect()))
        worker.register(b"f")
        for _ in range(64):
            client = stack.enter_context(closing(server.connect()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(packet(PacketType.SUBMIT_JOB, b"f", b"", b""))
        wait_until(lambda: b"f\t64\t0\t1" in worker.listing(b"status"))
        for _ in range(64):
            handle, _ = worker.grab()
            worker.send(PacketType.WORK_COMPLETE, handle, b"r" * (4 * MIB))
        assert worker.echoes()


@pytest.mark.parametrize("size", [33 * MIB, 65 * MIB])
def test_one_packet_is_at_most_a_quarter_of_memory(size: int) -> None:
    with (
        sound_server("--max-memory", "128M") as server,
        Wire(server.connect()) as wire,
    ):
        answer = submitted(wire, size)
        assert answer.type == PacketType.ERROR
        assert answer.payload.startswith(b"DATA_TOO_LARGE\0SUBMIT_JOB of ")
        assert wire.echoes()
        assert ProcessFigures(server).peak_memory() < LIMIT
