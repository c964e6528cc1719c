"""Proxies: who is believed whom a request is from."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.requests import HTTPConnection

from geartrain.engine.model.principals import Identity
from geartrain.http.proxies import Proxies

PROXIES = Proxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8"), None])


def request(*headers: tuple[str, str]) -> HTTPConnection:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return HTTPConnection({"type": "http", "headers": raw})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.1.2.3", True),
        ("fd00::1", True),
        ("unix", True),
        ("11.1.2.3", False),
        ("127.0.0.1", False),
        ("-", False),
    ],
)
def test_those_that_are_named_are_trusted(address: str, expected: bool) -> None:
    assert PROXIES.is_trusted(address) is expected


def test_unix_sockets_are_trusted_only_if_named() -> None:
    assert not Proxies([]).is_trusted("unix")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        # What a client wrote itself comes first, and is not believed.
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.0.0.5", "192.0.2.7"),
        ("192.0.2.7:8080", "192.0.2.7"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "-"),
        ("unknown", "-"),
        ("10.0.0.5", "-"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(told: str, expected: str) -> None:
    peer = Identity("10.0.0.1")
    peer.uid, peer.certificates = 0, (b"proxy",)
    found = PROXIES.client(request(("x-forwarded-for", told)), peer)
    assert found.address == expected
    # The proxy's own rights are not the client's.
    assert (found.uid, found.certificates) == (-1, ())


def test_several_headers_are_one_list() -> None:
    headers = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "192.0.2.7")]
    found = PROXIES.client(request(*headers), Identity("10.0.0.1"))
    assert found.address == "192.0.2.7"


def test_nobody_else_is_believed() -> None:
    peer = Identity("192.0.2.1")
    told = request(("x-forwarded-for", "127.0.0.1"), ("x-forwarded-user", "alice"))
    found = PROXIES.client(told, peer)
    assert found.address == "192.0.2.1"
    assert found is not peer
    assert PROXIES.user(told, peer, "X-Forwarded-User") == ""


def test_the_name_is_in_one_header() -> None:
    peer = Identity("10.0.0.1")
    one = ("x-forwarded-user", " alice ")
    assert PROXIES.user(request(one), peer, "X-Forwarded-User") == "alice"
    assert PROXIES.user(request(one, one), peer, "X-Forwarded-User") == ""
    assert PROXIES.user(request(one), peer, "Remote-User") == ""
