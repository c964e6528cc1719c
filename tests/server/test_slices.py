"""Much is written slice by slice, whole and in order, while others get their turn."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from geartrain.server.slices import SLICE, SlicedTransport

LARGE = os.urandom(40 * SLICE + 12345)


class Above(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.received = b""
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()


Talk = Callable[[Above, socket.socket], Awaitable[None]]


def talk(test: Talk) -> None:
    """Run a test between a protocol and its peer, a blocking socket."""

    async def run() -> None:
        near, peer = socket.socketpair()
        above = Above()
        peer.settimeout(10)
        with peer:
            loop = asyncio.get_running_loop()
            await loop.create_unix_connection(lambda: SlicedTransport(above), sock=near)
            async with asyncio.timeout(20):
                await test(above, peer)
                above.transport.abort()
                await above.lost.wait()

    asyncio.run(run())


def read(peer: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size and (data := peer.recv(65536)):
        found += data
    return bytes(found)


def test_what_is_small_is_written_at_once() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        above.transport.writelines([b"one ", b"two ", b"", b"three"])
        assert peer.recv(100) == b"one two three"
        assert above.transport.get_write_buffer_size() == 0

    talk(test)


def test_what_is_large_arrives_whole_and_in_order() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        write = above.transport.writelines
        write([b"before", LARGE, b"x" * (SLICE - 3), b"after"])
        write([b"more"])
        expected = b"before" + LARGE + b"x" * (SLICE - 3) + b"aftermore"
        assert above.transport.get_write_buffer_size() > len(LARGE) - SLICE
        assert await asyncio.to_thread(read, peer, len(expected)) == expected
        while above.transport.get_write_buffer_size():
            await asyncio.sleep(0)

    talk(test)


def test_others_get_their_turn_between_slices() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        turns = 0
        above.transport.writelines([LARGE])
        reading = asyncio.create_task(asyncio.to_thread(read, peer, len(LARGE)))
        while not reading.done():
            await asyncio.sleep(0)
            turns += 1
        assert await reading == LARGE
        assert turns > len(LARGE) // SLICE

    talk(test)


def test_who_writes_is_paused_at_the_limit_and_goes_on_later() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        above.transport.set_write_buffer_limits(high=10 * SLICE)
        above.transport.writelines([LARGE[: 9 * SLICE]])
        assert above.told == []
        above.transport.writelines([LARGE[9 * SLICE :]])
        assert above.told == ["pause"]
        assert await asyncio.to_thread(read, peer, len(LARGE)) == LARGE
        while above.transport.get_write_buffer_size():
            await asyncio.sleep(0)
        assert above.told == ["pause", "resume"]

    talk(test)


def test_a_close_writes_all_first_and_nothing_after() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        above.transport.writelines([LARGE])
        above.transport.close()
        assert above.transport.is_closing()
        above.transport.writelines([b"too late"])
        assert await asyncio.to_thread(read, peer, len(LARGE) + 1) == LARGE
        await above.lost.wait()

    talk(test)


def test_nothing_is_read_after_a_close() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        peer.sendall(b"in time")
        while not above.received:
            await asyncio.sleep(0)
        above.transport.writelines([LARGE])
        above.transport.close()
        above.transport.resume_reading()
        peer.sendall(b"too late")
        assert await asyncio.to_thread(read, peer, len(LARGE)) == LARGE
        await above.lost.wait()
        assert above.received == b"in time"

    talk(test)


def test_an_abort_ends_at_once() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        above.transport.writelines([LARGE])
        above.transport.abort()
        assert above.transport.is_closing()
        assert above.transport.get_write_buffer_size() == 0
        assert len(await asyncio.to_thread(read, peer, len(LARGE))) < len(LARGE)

    talk(test)


def test_a_peer_that_leaves_ends_it() -> None:
    async def test(above: Above, peer: socket.socket) -> None:
        above.transport.writelines([LARGE])
        peer.close()
        await above.lost.wait()

    talk(test)
