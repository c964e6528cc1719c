"""Kinds of values: what is read, and what is said of what cannot be."""

from __future__ import annotations

import socket

import pytest

from geartrain.configuration.kinds import file_mode, port, size
from geartrain.errors import OptionError


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
    assert size().read(text) == number


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
    with pytest.raises(OptionError, match=reason) as caught:
        size().read(text)
    assert repr(text) in str(caught.value)


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
    with pytest.raises(OptionError, match="is neither a port"):
        port(text)


def test_a_port_beyond_the_last() -> None:
    with pytest.raises(OptionError, match="65536 is not a port from 0 to 65535"):
        port("65536")


@pytest.mark.parametrize("text", ["0660", "660", "0o660"])
def test_a_mode_is_octal(text: str) -> None:
    assert file_mode(text) == 0o660


@pytest.mark.parametrize("text", ["rw", "", "8888", "6", "01777", "0666 ", "-660"])
def test_what_is_no_mode_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is no mode of a file: write 0666"):
        file_mode(text)
