"""Whether the other side of a connection takes what it is sent."""

from __future__ import annotations

import asyncio
import socket

from geartrain.transport.progress import WriteProgress

MIB = 1024 * 1024


def test_progress_is_what_the_other_side_reads() -> None:
    async def act() -> None:
        theirs, ours = socket.socketpair()
        with theirs:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
            progress = WriteProgress(transport)
            assert not progress.has_gone_on()
            transport.write(bytes(8 * MIB))
            assert not progress.has_gone_on()
            assert not progress.has_gone_on()
            theirs.recv(MIB)
            await asyncio.sleep(0.05)
            assert progress.has_gone_on()
            assert not progress.has_gone_on()
            transport.abort()
            await asyncio.sleep(0)
            progress.has_gone_on()
            assert not progress.has_gone_on()

    asyncio.run(act())


def test_a_few_bytes_that_arrive_tell_nothing() -> None:
    async def act() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        with listener:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(
                asyncio.Protocol, *listener.getsockname()
            )
            progress = WriteProgress(transport)
            for _ in range(5):
                transport.write(b"x" * 100)
                assert not progress.has_gone_on()
            transport.abort()

    asyncio.run(act())
