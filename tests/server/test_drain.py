"""The drain: running jobs end, the others go, and it takes no longer than told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.transport.address import Address
from tests.support.wire import packet

LOOPBACK = (Address(host="127.0.0.1", port=0),)


class Peer:
    """A connection to a server on the same event loop."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader, self.writer = reader, writer

    def send(self, packet_type: PacketType, *arguments: bytes) -> None:
        self.writer.write(packet(packet_type, *arguments))

    async def expect(self, packet_type: PacketType) -> bytes:
        header = await asyncio.wait_for(self.reader.readexactly(12), 10)
        assert PacketType(int.from_bytes(header[4:8], "big")) == packet_type
        return await self.reader.readexactly(int.from_bytes(header[8:], "big"))

    async def expect_end(self) -> None:
        assert await asyncio.wait_for(self.reader.read(), 10) == b""


class Scene:
    """A server that drains for ``seconds``, and its peers."""

    def __init__(self, seconds: float, store: str) -> None:
        self.peers: list[Peer] = []
        self.server = Server(
            Options(listen=LOOPBACK, store=store, drain=seconds, max_memory=0)
        )

    async def peer(self) -> Peer:
        port = int(self.server.addresses[0].rpartition(":")[2])
        self.peers.append(Peer(*await asyncio.open_connection("127.0.0.1", port)))
        return self.peers[-1]

    async def running_job(self) -> tuple[Peer, Peer, bytes]:
        """Return a client that waits, a worker that works, and the job's handle."""
        client, worker = await self.peer(), await self.peer()
        client.send(PacketType.SUBMIT_JOB, b"f", b"", b"w")
        handle = await client.expect(PacketType.JOB_CREATED)
        worker.send(PacketType.CAN_DO, b"f")
        worker.send(PacketType.GRAB_JOB)
        await worker.expect(PacketType.JOB_ASSIGN)
        return client, worker, handle


def played(
    seconds: float,
    play: Callable[[Scene], Awaitable[None]],
    store: str = "memory:",
) -> float:
    """Play with a server until it has stopped; return how long it ran."""

    async def run() -> float:
        scene = Scene(seconds, store)
        await scene.server.start()
        began = asyncio.get_running_loop().time()
        await play(scene)
        await asyncio.wait_for(scene.server.wait_stopped(), 20)
        for peer in scene.peers:
            peer.writer.close()
        return asyncio.get_running_loop().time() - began

    return asyncio.run(run())


def test_a_running_job_ends_and_its_result_arrives() -> None:
    async def play(scene: Scene) -> None:
        client, worker, handle = await scene.running_job()
        scene.server.stop()
        await asyncio.sleep(0.2)
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert await client.expect(PacketType.WORK_COMPLETE) == handle + b"\0done"
        await client.expect_end()
        await worker.expect_end()

    assert played(60, play) < 5


def test_those_that_no_running_job_concerns_go_at_once() -> None:
    async def play(scene: Scene) -> None:
        client, worker, handle = await scene.running_job()
        sleeper, queued, idle = [await scene.peer() for _ in range(3)]
        sleeper.send(PacketType.CAN_DO, b"g")
        sleeper.send(PacketType.PRE_SLEEP)
        queued.send(PacketType.SUBMIT_JOB, b"f", b"", b"later")
        await queued.expect(PacketType.JOB_CREATED)
        scene.server.stop()
        for peer in (sleeper, queued, idle):
            await peer.expect_end()
        worker.send(PacketType.WORK_COMPLETE, handle, b"")
        await client.expect(PacketType.WORK_COMPLETE)

    assert played(60, play) < 5


def test_a_large_result_has_time_to_be_read() -> None:
    async def play(scene: Scene) -> None:
        client, worker, handle = await scene.running_job()
        result = b"r" * 20_000_000
        worker.send(PacketType.WORK_COMPLETE, handle, result)
        await worker.writer.drain()
        await asyncio.sleep(0.3)
        scene.server.stop()
        payload = await client.expect(PacketType.WORK_COMPLETE)
        assert payload == handle + b"\0" + result
        await client.expect_end()

    assert played(60, play) < 5


async def submit_on_and_on(client: Peer) -> None:
    """Submit more while what was submitted before is not acknowledged yet."""
    with suppress(ConnectionError):
        while True:
            for _ in range(50):
                client.send(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w")
            await client.writer.drain()
            await asyncio.sleep(0)


def test_who_always_submits_more_is_answered_and_then_goes(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        client = await scene.peer()
        submitting = asyncio.create_task(submit_on_and_on(client))
        await client.expect(PacketType.JOB_CREATED)
        scene.server.stop()
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await client.expect(PacketType.JOB_CREATED)
        await submitting

    assert played(60, play, f"sqlite://{tmp_path}/jobs.db") < 5


def test_it_takes_no_longer_than_told(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        client, worker, _ = await scene.running_job()
        scene.server.stop()
        await client.expect_end()
        await worker.expect_end()

    with caplog.at_level(logging.INFO):
        assert 0.4 < played(0.5, play) < 5
    assert "waiting up to 0.5 s for 1 running job to end (--drain)" in caplog.text
    assert "stopping while 1 jobs run" in caplog.text


@pytest.mark.parametrize("seconds", [0, 60])
def test_who_hurries_waits_for_no_job(seconds: float) -> None:
    async def play(scene: Scene) -> None:
        client, worker, _ = await scene.running_job()
        scene.server.stop()
        scene.server.hurry()
        await client.expect_end()
        await worker.expect_end()

    assert played(seconds, play) < 2


def test_without_a_drain_nobody_is_waited_for() -> None:
    async def play(scene: Scene) -> None:
        client, worker, _ = await scene.running_job()
        scene.server.stop()
        await client.expect_end()
        await worker.expect_end()

    assert played(0, play) < 2
