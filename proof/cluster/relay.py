"""A relay that delays what passes, where the kernel cannot: ``relay HERE=THERE…``.

Each argument is a pair of ``host:port``: who connects to the first is connected to the
second. Each line on standard input is the number of seconds by which everything is
delayed from then on, in both directions.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from asyncio import Queue, StreamReader, StreamWriter

__all__ = ["Relay"]

_SIZE = 65536
# Pieces under way in one direction; then no more are read.
_MOST = 256


class Relay:
    """Connections between hosts.

    Attributes:
        delay: seconds by which a piece arrives later.
    """

    def __init__(self) -> None:
        self.delay = 0.0

    async def listen(self, here: str, there: str) -> asyncio.Server:
        """Take connections to one address, and connect each to another one."""

        async def accept(reader: StreamReader, writer: StreamWriter) -> None:
            with contextlib.suppress(OSError):
                await asyncio.sleep(self.delay)
                target = await asyncio.open_connection(*_split(there))
                await self._join((reader, writer), target)
            writer.close()

        host, port = _split(here)
        return await asyncio.start_server(accept, host, port)

    async def _join(
        self,
        one: tuple[StreamReader, StreamWriter],
        other: tuple[StreamReader, StreamWriter],
    ) -> None:
        """Pass everything on until either side ends, or is lost."""
        for _, writer in (one, other):
            _notice_loss(writer)
        ways = [(one[0], other[1]), (other[0], one[1])]
        tasks = [asyncio.ensure_future(self._pass(*way)) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in tasks:
            each.cancel()
        for _, writer in (one, other):
            writer.close()

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        pieces: Queue[tuple[float, bytes]] = Queue(_MOST)
        sender = asyncio.ensure_future(_send(pieces, writer))
        loop = asyncio.get_running_loop()
        try:
            data = b"."
            while data:
                data = await reader.read(_SIZE)
                await pieces.put((loop.time() + self.delay, data))
            await sender
        finally:
            sender.cancel()


async def _send(pieces: Queue[tuple[float, bytes]], writer: StreamWriter) -> None:
    """Send each piece when its time has come, until there is an empty one."""
    loop = asyncio.get_running_loop()
    while True:
        due, data = await pieces.get()
        await asyncio.sleep(max(0.0, due - loop.time()))
        if not data:
            return
        writer.write(data)
        await writer.drain()


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _notice_loss(writer: StreamWriter) -> None:
    """Have a side that is gone noticed as soon as its own peer would notice it."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_NODELAY, 1),
        (socket.TCP_KEEPIDLE, 5),
        (socket.TCP_KEEPINTVL, 2),
        (socket.TCP_KEEPCNT, 3),
        (socket.TCP_USER_TIMEOUT, 10_000),
    ):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


async def _main(pairs: list[str]) -> None:
    relay = Relay()
    servers = []
    for pair in pairs:
        here, _, there = pair.partition("=")
        servers.append(await relay.listen(here, there))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    reader = StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        relay.delay = float(line)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
