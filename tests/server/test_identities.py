"""Who a connection is from, as its transport tells."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

import pytest

from geartrain.engine.model.principals import Identity
from geartrain.server.identities import identity_of, numeric_host


class Told(asyncio.BaseTransport):
    """A transport that tells what it was given."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(extra)


class Secured:
    """The end of a TLS connection whose certificate was verified."""

    def __init__(self, certificate: dict[str, Any] | None) -> None:
        self._certificate = certificate

    def getpeercert(self) -> dict[str, Any] | None:
        return self._certificate


@pytest.mark.parametrize(
    ("peername", "host"),
    [
        (("127.0.0.1", 80), "127.0.0.1"),
        (("::ffff:10.0.0.1", 80, 0, 0), "10.0.0.1"),
        (("fe80::1%eth0", 80, 0, 0), "fe80::1"),
        (None, "-"),
        ("", "-"),
    ],
)
def test_the_host_is_numeric(peername: Any, host: str) -> None:
    assert numeric_host(peername) == host
    assert identity_of(Told(peername=peername)).address == host


def test_one_within_the_process_says_who_it_is() -> None:
    known = Identity("192.0.2.1")
    assert identity_of(Told(identity=known)) is known


def test_the_system_vouches_for_local_users() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        found = identity_of(Told(socket=ours))
    assert found.address == "unix"
    assert found.uid == os.getuid()
    assert found.gids[0] == os.getgid()
    assert set(found.gids) == {os.getgid(), *os.getgroups()}


def test_a_certificate_has_several_names() -> None:
    certificate = {
        "subject": ((("organizationName", "Shop"),), (("commonName", "web"),)),
        "subjectAltName": (
            ("DNS", "web.example"),
            ("DNS", "web"),
            ("IP Address", "10.0.0.1"),
            ("URI", "spiffe://shop/web"),
            ("email", "web@shop.example"),
        ),
    }
    found = identity_of(Told(peername=("10.0.0.1", 1), ssl_object=Secured(certificate)))
    assert found.certificates == (
        b"web",
        b"web.example",
        b"spiffe://shop/web",
        b"web@shop.example",
    )
    bare = identity_of(Told(peername=("10.0.0.1", 1), ssl_object=Secured(None)))
    assert bare.certificates == ()
