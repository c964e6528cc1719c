"""Reading and writing the addresses a job server listens on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.errors import AddressError
from geartrain.transport.address import DEFAULT_PORT, Address, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1", "127.0.0.1", DEFAULT_PORT),
        ("127.0.0.1:7000", "127.0.0.1", 7000),
        ("queue.example:0", "queue.example", 0),
        (":65535", "", 65535),
        ("*", "", DEFAULT_PORT),
        ("*:7000", "", 7000),
        ("::1", "::1", DEFAULT_PORT),
        ("[::1]", "::1", DEFAULT_PORT),
        ("[::1]:7000", "::1", 7000),
        ("fe80::1%eth0", "fe80::1%eth0", DEFAULT_PORT),
        ("::", "::", DEFAULT_PORT),
    ],
)
def test_tcp_addresses(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host=host, port=port)


def test_the_default_port_is_for_addresses_that_name_none() -> None:
    assert parse_address("localhost", 7000).port == 7000
    assert parse_address("[::1]", 7000).port == 7000
    assert parse_address("localhost:1", 7000).port == 1


def test_unix_sockets_keep_their_path() -> None:
    address = parse_address("unix:/run/gear train:1.sock")
    assert address.path == "/run/gear train:1.sock"
    assert str(address) == "unix:/run/gear train:1.sock"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("unix:", "full path"),
        ("unix:relative.sock", "full path"),
        ("/run/geartrain.sock", "not an address"),
        ("host name", "not an address"),
        ("host:", "'' is not a port"),
        ("host:gear", "'gear' is not a port"),
        ("host:65536", "'65536' is not a port"),
        ("host:-1", "'-1' is not a port"),
        ("host:\u0664\u0665", "is not a port"),
        ("[::1", "write an IPv6 address as"),
        ("[::1]7000", "write an IPv6 address as"),
        ("host:7000:7001", "not an address"),
        ("tcp://10.0.0.1:4730", "not an address"),
        ("a..b:7000", "cannot be a host name"),
    ],
)
def test_what_is_no_address_is_named(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert reason in str(caught.value)
    assert not text or repr(text) in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert address.path.startswith("/") or 0 <= address.port <= 65535


@given(st.ip_addresses(), st.integers(0, 65535))
def test_what_is_written_is_read_back(ip: object, port: int) -> None:
    address = Address(host=str(ip), port=port)
    assert parse_address(str(address)) == address


def test_every_interface_is_written_as_a_star() -> None:
    assert str(Address(port=4730)) == "*:4730"
    assert parse_address("*:4730") == Address(port=4730)


@pytest.mark.parametrize(
    ("text", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8:1", True),
        ("[::1]:1", True),
        ("localhost", True),
        ("unix:/run/geartrain.sock", True),
        ("*", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
    ],
)
def test_only_loopback_and_unix_sockets_are_local(text: str, is_local: bool) -> None:
    assert parse_address(text).is_local is is_local
