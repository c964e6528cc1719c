"""Connections within the process behave as those of sockets do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from geartrain.engine.model.principals import Identity
from geartrain.server.pipes import PipeEnd, connect


class Recorder(asyncio.Protocol):
    """Notes what its transport tells."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.told: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("PipeEnd", transport)

    def data_received(self, data: bytes) -> None:
        self.received.append(data)

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, error: Exception | None) -> None:
        self.told.append("lost")


def piped(
    work: Callable[[Recorder, Recorder], Awaitable[None]],
) -> tuple[Recorder, Recorder]:
    """Connect two recorders, do some work with them, and let all be delivered."""
    ends = Recorder(), Recorder()

    async def run() -> None:
        connect(*ends, Identity("192.0.2.1"))
        await work(*ends)
        await settled()

    asyncio.run(run())
    return ends


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_bytes_arrive_in_order_and_after_the_write_has_returned() -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        client.transport.write(b"one")
        client.transport.writelines([b"two", b"", b"three"])
        assert server.received == []
        server.transport.write(b"four")

    server, client = piped(work)
    assert b"".join(server.received) == b"onetwothree"
    assert client.received == [b"four"]


def test_the_server_learns_the_address() -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        assert server.transport.get_extra_info("identity").address == "192.0.2.1"
        assert server.transport.get_extra_info("socket") is None

    piped(work)


def test_a_large_piece_is_not_copied() -> None:
    piece = bytes(1024 * 1024)

    async def work(server: Recorder, client: Recorder) -> None:
        client.transport.write(piece)

    server, _ = piped(work)
    assert server.received[0] is piece


def test_small_pieces_are_delivered_in_shares() -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        client.transport.writelines([bytes(1000)] * 200)
        await asyncio.sleep(0)
        assert len(server.received) == 1

    server, _ = piped(work)
    assert [len(each) for each in server.received] == [65_000, 65_000, 65_000, 5_000]


def test_a_writer_pauses_while_much_is_unread() -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        client.transport.set_write_buffer_limits(high=1000)
        server.transport.pause_reading()
        client.transport.write(bytes(1001))
        assert client.told == ["pause"]
        assert client.transport.get_write_buffer_size() == 1001
        await settled()
        assert server.received == []
        server.transport.resume_reading()

    server, client = piped(work)
    assert client.told == ["pause", "resume"]
    assert server.received == [bytes(1001)]


def test_what_was_sent_before_a_close_arrives() -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        server.transport.write(b"the end")
        server.transport.close()
        server.transport.write(b"too late")
        client.transport.write(b"nobody reads this")

    server, client = piped(work)
    assert (client.received, client.told) == ([b"the end"], ["lost"])
    assert (server.received, server.told) == ([], ["lost"])


def test_a_close_waits_for_a_reader_that_has_paused() -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        client.transport.pause_reading()
        server.transport.write(b"the end")
        server.transport.close()
        await settled()
        assert server.told == []
        client.transport.resume_reading()

    server, client = piped(work)
    assert client.received == [b"the end"]
    assert server.told == client.told == ["lost"]


@pytest.mark.parametrize("is_paused", [True, False])
def test_an_abort_ends_both_at_once(is_paused: bool) -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        if is_paused:
            client.transport.pause_reading()
        server.transport.write(b"never")
        server.transport.abort()
        server.transport.abort()

    server, client = piped(work)
    assert client.received == []
    assert server.told == client.told == ["lost"]


def test_both_may_close_at_once() -> None:
    async def work(server: Recorder, client: Recorder) -> None:
        server.transport.close()
        client.transport.close()

    server, client = piped(work)
    assert server.told == client.told == ["lost"]
