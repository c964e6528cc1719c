"""Bounds of connections, in time and number, with a server that has little patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from geartrain.dashboard.mount import Dashboard
from geartrain.http import pace, protocol
from geartrain.http.server import HttpServer
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.transport.address import Address

COVERS = ("http/pace",)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Connect:
    """Connects to an HTTP server, and counts its connections."""

    def __init__(self, http: HttpServer) -> None:
        self._http = http

    async def __call__(self) -> Streams:
        port = int(self._http.addresses[0].rpartition(":")[2])
        return await asyncio.open_connection("127.0.0.1", port)

    def count(self) -> int:
        return len(self._http._state.connections)


GET = b"GET /v1/server HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_PATIENCE", 0.3)
    monkeypatch.setattr(pace, "_PATIENCE", 0.3)
    monkeypatch.setattr(pace, "_UNREAD", 0.3)
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 3)


def served(work: Callable[[Connect], Awaitable[None]]) -> None:
    """Run a job server with HTTP in this process, and do some work with it."""

    async def run() -> None:
        options = Options(
            listen=(),
            store="memory:",
            max_memory=0,
            http=(Address(host="127.0.0.1", port=0),),
        )
        server = Server(options)
        await server.start()
        http = HttpServer(options, server, Dashboard)
        http.bind()
        await http.start()
        try:
            async with asyncio.timeout(30):
                await work(Connect(http))
        finally:
            server.when_stopping.append(http.stop_listening)
            server.abort()
            await server.wait_stopped()
            await http.wait_closed()

    asyncio.run(run())


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the end, however that comes about."""
    found = b""
    try:
        while piece := await reader.read(65536):
            found += piece
    except ConnectionError:
        pass
    return found


def test_headers_that_drip_are_given_up() -> None:
    async def work(connect: Connect) -> None:
        reader, writer = await connect()
        task = asyncio.ensure_future(all_of(reader))
        for byte in GET:
            if task.done():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
        told = await task
        assert told.startswith(b"HTTP/1.1 408")
        assert b"urn:geartrain:problem:too-slow" in told
        writer.close()

    served(work)


def test_a_connection_that_says_nothing_is_ended() -> None:
    async def work(connect: Connect) -> None:
        reader, writer = await connect()
        assert b"408" in await all_of(reader)
        writer.close()

    served(work)


def test_a_connection_may_be_idle_between_two_requests() -> None:
    async def work(connect: Connect) -> None:
        reader, writer = await connect()
        for _ in range(2):
            writer.write(GET)
            assert (await reader.readuntil(b"}\n")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.6)
        writer.close()

    served(work)


@pytest.mark.parametrize("head", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
def test_a_body_that_comes_to_a_halt_is_given_up(head: bytes) -> None:
    async def work(connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(
            b"POST /v1/functions/f/jobs HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n5\r\n"
            % head
        )
        told = await reader.readuntil(b"}\n")
        assert told.startswith(b"HTTP/1.1 408")
        writer.close()

    served(work)


def test_who_does_not_read_the_answer_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(connect: Connect) -> None:
        for number in range(20):
            await post(connect, f"{number}" + "f" * 8000)
        reader, writer = await connect()
        request = GET.replace(b"/v1/server", b"/v1/functions")
        # More than the buffers of both ends hold.
        writer.write(request * 200)
        while connect.count():
            await asyncio.sleep(0.1)
        told = await all_of(reader)
        assert told.count(b"HTTP/1.1 200") < 200
        writer.close()

    served(work)
    # Nobody can fill the log.
    assert caplog.records == []


async def post(connect: Connect, function: str) -> None:
    reader, writer = await connect()
    writer.write(
        b"POST /v1/functions/%s/jobs HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n" % function.encode()
    )
    assert (await all_of(reader)).startswith(b"HTTP/1.1 202")
    writer.close()


def test_a_connection_too_many_is_turned_away() -> None:
    async def work(connect: Connect) -> None:
        kept = [await connect() for _ in range(3)]
        for _, writer in kept:
            writer.write(GET)
        for reader, _ in kept:
            await reader.readuntil(b"}\n")
        reader, writer = await connect()
        told = await all_of(reader)
        assert told.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1\r\n" in told.lower()
        kept[0][1].close()
        await asyncio.sleep(0.1)
        await post(connect, "f")
        for _, each in [*kept, (reader, writer)]:
            each.close()

    served(work)
