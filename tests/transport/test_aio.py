"""Connections on an event loop: over TCP, TLS, unix sockets and other connectors."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from geartrain.transport.address import Address
from geartrain.transport.aio import open_connection
from geartrain.transport.connect import Connector, SocketConnector, reason
from geartrain.transport.tls import Tls, server_context
from tests.support.certificates import Authority
from tests.support.one_connection import echo, listening, over_tls
from tests.support.servers import free_port

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shown(authority: Authority) -> Tls:
    return authority.issue("server").tls()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a test on one kind of event loop after the other."""

    async def whole(test: Coroutine[Any, Any, None]) -> None:
        await test
        # What was closed last is let go in the next turns.
        for _ in range(5):
            await asyncio.sleep(0)

    def run_on(test: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(whole(test))

    return run_on


class Listener(asyncio.Protocol):
    """Keeps what the other side sends."""

    def __init__(self) -> None:
        self.received = b""
        self.changed = asyncio.Event()
        self.lost = asyncio.Event()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.changed.set()

    async def heard(self, data: bytes) -> bool:
        """Wait until as much has come as ``data`` has; tell whether it is that."""
        async with asyncio.timeout(5):
            while len(self.received) < len(data):
                self.changed.clear()
                await self.changed.wait()
        return self.received == data


async def is_echoed(connector: Connector) -> bool:
    transport, protocol = await open_connection(connector, Listener, 5.0)
    transport.write(b"there and back")
    try:
        return await protocol.heard(b"there and back")
    finally:
        transport.close()
        await protocol.lost.wait()


def test_a_connection_over_tcp_is_prompt_and_kept_alive(run: Run) -> None:
    async def test(address: Address) -> None:
        connector = SocketConnector(Address(host="localhost", port=address.port))
        transport, protocol = await open_connection(connector, Listener, None)
        connection = transport.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        transport.write(b"hello")
        assert await protocol.heard(b"hello")
        transport.close()

    with listening(echo) as address:
        run(test(address))


def test_a_connection_over_a_unix_socket(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        assert await is_echoed(SocketConnector(address, Tls()))

    with listening(echo, Address(path=f"{tmp_path}/s")) as address:
        run(test())


def test_a_connection_over_tls(run: Run, authority: Authority, shown: Tls) -> None:
    async def test() -> None:
        assert await is_echoed(SocketConnector(address, Tls(ca=str(authority.ca))))

    with listening(over_tls(server_context(shown))) as address:
        run(test())


def test_a_certificate_that_is_not_trusted(run: Run, shown: Tls) -> None:
    async def test() -> None:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await open_connection(SocketConnector(address, Tls()), Listener, 5.0)
        assert reason(caught.value).startswith("its certificate is not to be trusted")

    def serve(connection: socket.socket) -> None:
        # Whether the client says why is its event loop's choice.
        with pytest.raises(OSError, match=r".+"):
            over_tls(server_context(shown))(connection)

    with listening(serve) as address:
        run(test())


def test_a_handshake_that_stalls_ends_and_keeps_nobody_waiting(
    run: Run, authority: Authority
) -> None:
    async def test() -> None:
        connector = SocketConnector(address, Tls(ca=str(authority.ca)))
        opening = asyncio.create_task(open_connection(connector, Listener, 0.5))
        await asyncio.sleep(0)
        assert not opening.done()
        with pytest.raises(TimeoutError):
            await opening

    def stall(connection: socket.socket) -> None:
        while connection.recv(1000):
            pass

    with listening(stall) as address:
        run(test())


def test_nobody_answers(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        nobody = Address(host="127.0.0.1", port=free_port())
        with pytest.raises(ConnectionRefusedError):
            await open_connection(SocketConnector(nobody), Listener, 5.0)
        none = Address(path=f"{tmp_path}/none", port=0)
        with pytest.raises(FileNotFoundError):
            await open_connection(SocketConnector(none), Listener, 5.0)
        nameless = Address(host="x" * 70 + ".invalid")
        with pytest.raises(OSError, match=r".+"):
            await open_connection(SocketConnector(nameless), Listener, 5.0)

    run(test())


class Pair:
    """A connector whose other end stays here; it takes its time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.near, self.far = socket.socketpair()

    def connect(self, timeout: float | None) -> socket.socket:
        time.sleep(self.seconds)
        return self.far

    def __str__(self) -> str:
        return "a pair"


def test_another_connectors_socket_is_taken(run: Run) -> None:
    async def test() -> None:
        pair = Pair()
        with pair.near:
            transport, protocol = await open_connection(pair, Listener, 5.0)
            pair.near.sendall(b"hello")
            assert await protocol.heard(b"hello")
            transport.write(b"bye")
            assert pair.near.recv(10) == b"bye"
            transport.close()

    run(test())


def test_a_socket_that_comes_too_late_is_closed(run: Run) -> None:
    async def test() -> None:
        pair = Pair(seconds=0.3)
        with pair.near:
            with pytest.raises(TimeoutError):
                await open_connection(pair, Listener, 0.05)
            pair.near.settimeout(5)
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, pair.near.recv, 1) == b""

    run(test())
