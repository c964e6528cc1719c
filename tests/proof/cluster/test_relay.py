"""A relay passes everything on, as much later as it is told to."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from proof.cluster.relay import Relay
from tests.support.servers import free_port


async def serve_echo(port: int) -> asyncio.Server:
    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port)


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_what_is_sent_comes_back_in_order_and_late(delay: float) -> None:
    async def run() -> None:
        here, there = free_port(), free_port()
        relay = Relay()
        relay.delay = delay
        async with (
            await serve_echo(there),
            await relay.listen(f"127.0.0.1:{here}", f"127.0.0.1:{there}"),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", here)
            began = monotonic()
            for number in range(3):
                writer.write(b"%d" % number)
                await writer.drain()
            assert await reader.readexactly(3) == b"012"
            assert monotonic() - began >= 3 * delay - 0.01
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()

    asyncio.run(run())


def test_who_cannot_be_reached_ends_the_connection() -> None:
    async def run() -> None:
        here = free_port()
        address = f"127.0.0.1:{here}"
        async with await Relay().listen(address, f"127.0.0.1:{free_port()}"):
            reader, writer = await asyncio.open_connection("127.0.0.1", here)
            assert await reader.read() == b""
            writer.close()

    asyncio.run(run())
