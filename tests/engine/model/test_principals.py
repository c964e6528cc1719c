"""Principals: how a peer is recognised."""

from __future__ import annotations

import pytest

from geartrain.engine.model.principals import Identity, read_host
from tests.support.access import rules_of


def identity(address: str = "10.0.0.1", **known: object) -> Identity:
    found = Identity(address)
    for name, value in known.items():
        setattr(found, name, value)
    return found


def names(text: str, who: Identity) -> list[bytes]:
    """Return the principals of a file that a peer is."""
    access = rules_of(text).find(who)
    assert access is not None
    return list(access.names)


@pytest.mark.parametrize(
    ("known_by", "who", "expected"),
    [
        ('address = "10.0.0.0/8"', identity(), True),
        ('address = "10.0.0.1"', identity(), True),
        ('address = ["::1", "10.0.0.1"]', identity(), True),
        ('address = "10.0.0.2"', identity(), False),
        ('address = "10.0.0.0/8"', identity("unix"), False),
        ('address = "10.0.0.0/8"', identity("-"), False),
        ('address = "loopback"', identity("127.0.0.2"), True),
        ('address = "loopback"', identity("::1"), True),
        ('address = "loopback"', identity("unix"), False),
        ('address = "unix"', identity("unix"), True),
        ('address = "any"', identity("unix"), True),
        ('address = "any"', identity("-"), True),
        ('user = "0"', identity("unix", uid=0), True),
        ('user = "root"', identity("unix", uid=0), True),
        ('user = "root"', identity("unix", uid=1), False),
        ('user = "root"', identity("127.0.0.1"), False),
        ('group = ["root", "77"]', identity("unix", uid=5, gids=(5, 77)), True),
        ('group = "77"', identity("unix", uid=5, gids=(5,)), False),
        ('certificate = "web-*"', identity(certificates=(b"x", b"web-1")), True),
        ('certificate = "web-*"', identity(certificates=(b"ops",)), False),
        ('certificate = "*"', identity(), False),
        ('login = "ali*"', identity(login=b"alice"), True),
        ('login = "*"', identity(), False),
        ('certificate = "w"\naddress = "10.0.0.1"', identity(), False),
        (
            'certificate = "w"\naddress = "10.0.0.1"',
            identity(certificates=(b"w",)),
            True,
        ),
        (
            'certificate = "w"\naddress = "10.0.0.1"',
            identity("10.0.0.2", certificates=(b"w",)),
            False,
        ),
    ],
)
def test_all_kinds_that_are_given_have_to_be_true(
    known_by: str, who: Identity, expected: bool
) -> None:
    found = names(f'[access.p]\nsee = "*"\n{known_by}', who)
    assert found == ([b"p"] if expected else [])


def test_one_that_nothing_recognises_is_a_role_only() -> None:
    text = '[access.p]\nsee = "*"'
    assert names(text, identity()) == []
    assert names(text, identity(role=b"p", login=b"alice")) == [b"p"]


def test_a_host_is_read_if_it_is_an_address() -> None:
    assert str(read_host("::1")) == "::1"
    assert read_host("unix") is None
