"""A real server tells its hooks what is wrong, when it is mended, and of deaths."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from geartrain.protocol.constants import PacketType
from geartrain.server.hooks import Hook
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.server.watch import Watch
from geartrain.transport.address import Address
from tests.support.hook_receivers import Receiver, receiver
from tests.support.wire import packet

LOOPBACK = (Address(host="127.0.0.1", port=0),)


def played(
    play: Callable[[asyncio.StreamWriter, Receiver], Awaitable[None]],
    **settings: object,
) -> None:
    """Play with a server that looks for problems many times a second."""

    async def run() -> None:
        with receiver() as received:
            server = Server(
                Options(listen=LOOPBACK, store="memory:", drain=0, max_memory=0)
            )
            await server.start()
            assert server._driver is not None
            hook = Hook(url=received.url, **settings)  # type: ignore[arg-type]
            watch = Watch(server._driver, [hook], 0.02)
            watch.start()
            port = int(server.addresses[0].rpartition(":")[2])
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await play(writer, received)
            watch.stop()
            server.stop()
            await server.wait_stopped()
            writer.close()

    asyncio.run(run())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_problem_is_told_once_and_so_is_its_end() -> None:
    async def play(writer: asyncio.StreamWriter, received: Receiver) -> None:
        writer.write(packet(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w"))
        await until(lambda: received.posts)
        await asyncio.sleep(0.2)
        (message,) = received.messages()
        (problem,) = message["problems"]
        assert problem["problem"] == "no_worker"
        assert problem["function"] == "f"
        assert message["server"].startswith("H:")
        writer.write(packet(PacketType.CAN_DO, b"f"))
        await until(lambda: len(received.posts) == 2)
        assert received.messages()[1]["solved"] == [
            {"problem": "no_worker", "function": "f"}
        ]

    played(play, lasting=0.0)


def test_a_problem_that_stays_is_told_again() -> None:
    async def play(writer: asyncio.StreamWriter, received: Receiver) -> None:
        writer.write(packet(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w"))
        await until(lambda: len(received.posts) >= 3)

    played(play, lasting=0.0, every=0.1)


def test_what_does_not_last_is_not_told() -> None:
    async def play(writer: asyncio.StreamWriter, received: Receiver) -> None:
        writer.write(packet(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w"))
        await asyncio.sleep(0.3)
        assert received.posts == []

    played(play, lasting=30.0)


def test_dead_letters_are_told_together() -> None:
    async def play(writer: asyncio.StreamWriter, received: Receiver) -> None:
        for _ in range(3):
            writer.write(packet(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w"))
        for other in (b"f", b"g"):
            writer.write(packet(PacketType.CAN_DO, other))
        writer.write(packet(PacketType.SUBMIT_JOB_BG, b"g", b"", b"w"))
        for _ in range(4):
            writer.write(packet(PacketType.GRAB_JOB))
        handles = [f"{Options().handle_prefix}:{number}" for number in range(1, 5)]
        await asyncio.sleep(0.1)
        for handle in handles:
            writer.write(packet(PacketType.WORK_EXCEPTION, handle.encode(), b"no\nway"))
        await until(lambda: received.posts)
        message = received.messages()[0]
        assert message["dead_letter_count"] == 3
        assert message["dead_letters"][0] == {
            "function": "f",
            "handle": handles[0],
            "error": "no",
        }

    played(play, function="f", on=("dead_letter",))
