"""The values of flags: what is read, and what is said of what cannot be."""

from __future__ import annotations

import os
import socket

import click
import pytest

from geartrain.cli.values import (
    file_mode,
    gear_port,
    handle_prefix,
    keepalive,
    memory,
    port,
    size,
    time_zone,
    user,
)
from geartrain.server.options import Keepalive


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("4096", 4096),
        ("64K", 65536),
        ("64k", 65536),
        ("64M", 64 * 1024**2),
        ("64MB", 64 * 1024**2),
        ("64MiB", 64 * 1024**2),
        (" 1G ", 1024**3),
        ("4G", 4 * 1024**3),
    ],
)
def test_sizes(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("64M", 64 * 1024**2), ("6G", 6 * 1024**3), ("500g", 500 * 1024**3)],
)
def test_amounts_of_memory(text: str, number: int) -> None:
    assert memory(text) == number


@pytest.mark.parametrize("text", ["1", "63M", "-1", "half", "", "9" * 12 + "G"])
def test_what_is_no_amount_of_memory(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is not a size|64M or more"):
        memory(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a size"),
        ("M", "is not a size"),
        ("1.5G", "is not a size"),
        ("-1", "is not a size"),
        ("64X", "is not a size"),
        ("0x10", "is not a size"),
        ("\u0661", "is not a size"),
        ("0", "out of range"),
        ("5G", "out of range"),
        ("4294967297", "out of range"),
        ("9" * 12 + "G", "out of range"),
    ],
)
def test_what_is_no_size(text: str, reason: str) -> None:
    with pytest.raises(click.BadParameter, match=reason) as caught:
        size(text)
    assert repr(text) in caught.value.message


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("4730", 4730), ("65535", 65535)]
)
def test_ports(text: str, number: int) -> None:
    assert port(text) == number


def test_a_service_is_known_by_the_systems_name() -> None:
    assert port("http") == socket.getservbyname("http", "tcp") == 80


@pytest.mark.parametrize(
    "text", ["", "-1", "no-such-service", "47 30", "a\0b", "\u0663"]
)
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is neither a port"):
        port(text)


def test_a_port_beyond_the_last() -> None:
    with pytest.raises(click.BadParameter, match="65536 is not a port from 0 to 65535"):
        port("65536")


def test_the_option_goes_before_the_environment() -> None:
    assert gear_port(7000, "7001") == (7000, None)
    assert gear_port(7000, "nonsense") == (7000, None)
    assert gear_port(None, "7001") == (7001, None)
    assert gear_port(None, "http") == (80, None)
    assert gear_port(None, "") == (4730, None)
    assert gear_port(None, None) == (4730, None)


def test_what_kubernetes_sets_is_told_and_not_used() -> None:
    number, notice = gear_port(None, "tcp://10.0.0.1:4731")
    assert number == 4730
    assert notice is not None
    assert "tcp://10.0.0.1:4731" in notice
    assert "Kubernetes" in notice


def test_another_wrong_environment_is_named() -> None:
    with pytest.raises(click.BadParameter) as caught:
        gear_port(None, "47x30")
    assert "GEARMAND_PORT" in caught.value.format_message()
    assert "47x30" in caught.value.format_message()


@pytest.mark.parametrize("text", ["H:web-1", "x", "p" * 48])
def test_handle_prefixes(text: str) -> None:
    assert handle_prefix(text) == text


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
    with pytest.raises(click.BadParameter, match=reason):
        handle_prefix(text)


def test_time_zones() -> None:
    assert time_zone("UTC") == "UTC"


@pytest.mark.parametrize(
    "text", ["Mars/Olympus", "", "../../etc/passwd", "/etc", "Europe"]
)
def test_what_is_no_time_zone(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no time zone"):
        time_zone(text)


def test_an_unknown_user() -> None:
    with pytest.raises(click.BadParameter, match="Could not find user: no-such-user"):
        user("no-such-user")
    with pytest.raises(click.BadParameter, match="Could not find user: "):
        user("")


def test_a_user_is_found_by_root_only() -> None:
    if os.geteuid() == 0:
        assert user("nobody").name == "nobody"
    else:
        with pytest.raises(click.BadParameter, match="Must be root"):
            user("nobody")


def test_minus_one_leaves_keepalive_to_the_system() -> None:
    assert keepalive(-1, 5, None) == Keepalive(idle=None, interval=5, count=None)


@pytest.mark.parametrize("text", ["0660", "660", "0o660"])
def test_a_mode_is_octal(text: str) -> None:
    assert file_mode(text) == 0o660


@pytest.mark.parametrize("text", ["rw", "", "8888", "6", "01777", "0666 ", "-660"])
def test_what_is_no_mode_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no mode of a file: write 0666"):
        file_mode(text)
