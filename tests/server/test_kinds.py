"""Kinds of a job server's values: what is read, and what is said of the rest."""

from __future__ import annotations

import os

import pytest

from geartrain.configuration.kinds import NO_PORT
from geartrain.errors import OptionError
from geartrain.server.kinds import (
    HANDLE_PREFIX,
    MEMORY,
    NO_ADDRESS,
    NODE_ADDRESS,
    TIME_ZONE,
    USER,
)
from geartrain.transport.address import Address


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("64M", 64 * 1024**2), ("6G", 6 * 1024**3), ("500g", 500 * 1024**3)],
)
def test_amounts_of_memory(text: str, number: int) -> None:
    assert MEMORY.read(text) == number


@pytest.mark.parametrize("text", ["1", "63M", "-1", "half", "", "9" * 12 + "G"])
def test_what_is_no_amount_of_memory(text: str) -> None:
    with pytest.raises(OptionError, match=r"is not a size|64M or more"):
        MEMORY.read(text)


@pytest.mark.parametrize("text", ["H:web-1", "x", "p" * 48])
def test_handle_prefixes(text: str) -> None:
    assert HANDLE_PREFIX.read(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "visible"),
        ("a b", "visible"),
        ("a\tb", "visible"),
        ("a\0", "visible"),
        ("h\u00e9", "visible"),
        ("p" * 49, "49 characters leave no room"),
    ],
)
def test_what_is_no_handle_prefix(text: str, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        HANDLE_PREFIX.read(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("none", NO_ADDRESS),
        ("jobs1", Address(host="jobs1", port=NO_PORT)),
        ("[fd00::1]:7003", Address(host="fd00::1", port=7003)),
    ],
)
def test_where_nodes_are_reached(text: str, address: Address) -> None:
    assert NODE_ADDRESS.read(text) == address


@pytest.mark.parametrize("text", ["unix:/run/jobs", "jobs1:0", "", "a b"])
def test_what_is_no_way_to_a_node(text: str) -> None:
    with pytest.raises(OptionError):
        NODE_ADDRESS.read(text)


def test_time_zones() -> None:
    assert TIME_ZONE.read("UTC") == "UTC"


@pytest.mark.parametrize(
    "text", ["Mars/Olympus", "", "../../etc/passwd", "/etc", "Europe"]
)
def test_what_is_no_time_zone(text: str) -> None:
    with pytest.raises(OptionError, match="no time zone"):
        TIME_ZONE.read(text)


def test_an_unknown_user() -> None:
    with pytest.raises(OptionError, match="Could not find user: no-such-user"):
        USER.read("no-such-user")
    with pytest.raises(OptionError, match="Could not find user: "):
        USER.read("")


def test_a_user_is_found_by_root_only() -> None:
    if os.geteuid() == 0:
        assert USER.read("nobody").name == "nobody"
    else:
        with pytest.raises(OptionError, match="Must be root"):
            USER.read("nobody")
