"""Ways to job servers: addresses, names, TLS, and why there is none."""

from __future__ import annotations

import errno
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from geartrain.errors import AddressError, OptionError
from geartrain.transport.address import Address, parse_address
from geartrain.transport.connect import (
    SocketConnector,
    connectors,
    default_servers,
    reason,
)
from geartrain.transport.tls import Tls, server_context
from tests.support.certificates import Authority
from tests.support.one_connection import echo, listening, over_tls
from tests.support.servers import free_port


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def is_echoed(connection: socket.socket) -> bool:
    with connection:
        connection.sendall(b"there and back")
        return connection.recv(100) == b"there and back"


def test_a_connection_over_tcp_is_prompt_and_kept_alive() -> None:
    with listening(echo) as address:
        connection = SocketConnector(address).connect(5.0)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert connection.gettimeout() == 5.0
        assert is_echoed(connection)


def test_a_connection_over_a_unix_socket(tmp_path: Path) -> None:
    with listening(echo, parse_address(f"unix:{tmp_path}/s")) as address:
        assert is_echoed(SocketConnector(address).connect(None))


def test_a_unix_socket_is_plain_beside_tls(
    tmp_path: Path, authority: Authority
) -> None:
    with listening(echo, parse_address(f"unix:{tmp_path}/s")) as address:
        connector = SocketConnector(address, Tls(ca=str(authority.ca)))
        assert is_echoed(connector.connect(5.0))


def test_all_addresses_of_a_name_are_tried() -> None:
    # On most machines the name is ::1 first, where nobody listens.
    with listening(echo) as address:
        connector = SocketConnector(Address(host="localhost", port=address.port))
        assert is_echoed(connector.connect(5.0))


def test_no_host_is_this_machine() -> None:
    with listening(echo) as address:
        connector = SocketConnector(Address(host="", port=address.port))
        assert is_echoed(connector.connect(5.0))


def test_a_connection_over_tls(authority: Authority) -> None:
    context = server_context(authority.issue("server").tls())
    with listening(over_tls(context)) as address:
        connector = SocketConnector(address, Tls(ca=str(authority.ca)))
        connection = connector.connect(5.0)
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.version() == "TLSv1.3"
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert is_echoed(connection)


def refusal(address: Address, tls: Tls | None = None, timeout: float = 5.0) -> str:
    with pytest.raises(OSError) as caught:  # noqa: PT011
        SocketConnector(address, tls).connect(timeout)
    return reason(caught.value)


def test_what_the_system_says_is_told_by_asyncio_too() -> None:
    error = OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 9)")
    assert reason(error) == "Connection refused"


@pytest.mark.parametrize("tls", [True, "ca.pem"])
def test_what_is_no_tls_is_refused(tls: Any) -> None:
    with pytest.raises(OptionError, match="give a Tls, as Tls"):
        connectors("127.0.0.1:1", tls)


def test_nobody_listens() -> None:
    address = Address(host="127.0.0.1", port=free_port())
    assert refusal(address) == "Connection refused"


def test_there_is_no_such_socket(tmp_path: Path) -> None:
    address = Address(path=f"{tmp_path}/none", port=0)
    assert refusal(address) == "No such file or directory"
    assert "too long" in refusal(Address(path="/" + "x" * 200, port=0))


def test_there_is_no_such_name() -> None:
    assert refusal(Address(host="no-such-host.invalid"))
    assert refusal(Address(host="x" * 70 + ".invalid"))


def test_a_handshake_has_its_time(authority: Authority) -> None:
    ended = threading.Event()

    def stall(connection: socket.socket) -> None:
        ended.wait(10)

    with listening(stall) as address:
        try:
            said = refusal(address, Tls(ca=str(authority.ca)), timeout=0.2)
        finally:
            ended.set()
    assert "timed out" in said


def test_what_answers_speaks_no_tls(authority: Authority) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"ERR unknown_command Unknown+server+command\r\n")

    with listening(answer) as address:
        said = refusal(address, Tls(ca=str(authority.ca)))
    assert said == "TLS: wrong version number"


def test_an_untrusted_certificate_is_named_so(
    authority: Authority, tmp_path: Path
) -> None:
    context = server_context(Authority(tmp_path / "other").issue("server").tls())

    def serve(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError, match="unknown ca"):
            context.wrap_socket(connection, server_side=True)

    with listening(serve) as address:
        said = refusal(address, Tls(ca=str(authority.ca)))
    assert said.startswith("its certificate is not to be trusted: ")


def test_the_servers_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEARMAN_SERVERS", raising=False)
    assert default_servers() == ["127.0.0.1:4730"]
    monkeypatch.setenv("GEARMAN_SERVERS", " ,")
    assert default_servers() == ["127.0.0.1:4730"]
    monkeypatch.setenv("GEARMAN_SERVERS", "one:1,two, unix:/three")
    assert default_servers() == ["one:1", "two", "unix:/three"]
    assert [str(each) for each in connectors(None)] == [
        "one:1",
        "two:4730",
        "unix:/three",
    ]


def test_servers_are_taken_in_order_and_once() -> None:
    own = SocketConnector(Address(host="own"))
    found = connectors(["b", "a:1,b:4730", own, own])
    assert [str(each) for each in found] == ["b:4730", "a:1", "own:4730"]
    assert found[2] is own
    assert connectors(own) == [own]
    assert [str(each) for each in connectors("x, y")] == ["x:4730", "y:4730"]


@pytest.mark.parametrize("nothing", ["", " , ", []])
def test_no_server_at_all(nothing: str | list[str]) -> None:
    with pytest.raises(OptionError, match="no job server is named"):
        connectors(nothing)


def test_a_text_that_is_no_address() -> None:
    with pytest.raises(AddressError, match="'port' is not a port"):
        connectors("host:port")


def test_tls_is_for_all_that_are_named(authority: Authority) -> None:
    tls = Tls(ca=str(authority.ca))
    first, second = connectors("a,b", tls)
    for connector in (first, second):
        assert isinstance(connector, SocketConnector)
        assert connector.context is not None
    assert second.name == "b"  # type: ignore[attr-defined]
    with pytest.raises(OptionError, match="/no/file cannot be read"):
        connectors("a", Tls(ca="/no/file"))


def test_importing_it_loads_neither_ssl_nor_asyncio() -> None:
    script = (
        "import sys, geartrain.transport.connect;"
        "print({'ssl', 'asyncio', 'logging', 'concurrent.futures'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
