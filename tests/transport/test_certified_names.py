"""What a job server's certificate has to be for: the host, in each way to write it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from geartrain.errors import AddressError
from geartrain.transport.address import Address, parse_address
from geartrain.transport.aio import open_connection
from geartrain.transport.connect import SocketConnector, reason
from geartrain.transport.tls import Tls, server_context
from tests.support.certificates import Authority, Issued
from tests.support.one_connection import listening, over_tls

NAMES = "subjectAltName=DNS:localhost,DNS:xn--bcher-kva.example,IP:127.0.0.1,IP:::1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue("names", subject=NAMES)


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all names be those of this machine."""
    real = socket.getaddrinfo

    def look_up(host: Any, *more: Any, **named: Any) -> Any:
        return real(host if ":" in host else "127.0.0.1", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def greet(connector: SocketConnector) -> None:
    transport, _ = await open_connection(connector, asyncio.Protocol, 5.0)
    transport.abort()
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", ""),
        ("localhost.", ""),
        ("LOCALHOST.", ""),
        ("bücher.example", ""),
        ("BÜCHER.example.", ""),
        ("xn--bcher-kva.example.", ""),
        ("127.0.0.1", ""),
        ("[::1]", ""),
        ("elsewhere.example", "localhost."),
    ],
)
def test_a_certificate_is_for_the_host(
    host: str, name: str, authority: Authority, issued: Issued
) -> None:
    tls = Tls(ca=str(authority.ca), name=name)
    where = Address(host="::1" if ":" in host else "127.0.0.1", port=0)
    serve = over_tls(server_context(issued.tls()))
    with listening(serve, where) as address:
        connector = SocketConnector(parse_address(f"{host}:{address.port}"), tls)
        connector.connect(5.0).close()
    with listening(serve, where) as address:
        connector = SocketConnector(parse_address(f"{host}:{address.port}"), tls)
        asyncio.run(greet(connector))


def test_a_zone_is_of_this_machine_alone() -> None:
    connector = SocketConnector(parse_address("[fe80::1%eth0]:4730"), Tls())
    assert (connector.host, connector.name) == ("fe80::1%eth0", "fe80::1")


@pytest.mark.parametrize("host", ["localhost..", ".localhost"])
def test_dots_are_not_anywhere(host: str) -> None:
    with pytest.raises(AddressError):
        parse_address(host)


@pytest.mark.parametrize("host", ["other.", "127.0.0.2"])
def test_a_certificate_is_for_no_other(
    host: str, authority: Authority, issued: Issued
) -> None:
    def serve(connection: socket.socket) -> None:
        try:
            over_tls(server_context(issued.tls()))(connection)
        except OSError:
            return

    where = Address(host="0.0.0.0", port=0)
    with listening(serve, where) as address:
        asked = parse_address(f"{host}:{address.port}")
        connector = SocketConnector(asked, Tls(ca=str(authority.ca)))
        with pytest.raises(OSError) as caught:  # noqa: PT011
            connector.connect(5.0)
        assert reason(caught.value)
