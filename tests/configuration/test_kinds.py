"""Kinds of values: what is read, and what is said of what cannot be."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from geartrain.configuration.kinds import (
    ADDRESS,
    FLAG,
    PATH,
    SECRET,
    Kind,
    choice,
    file_mode,
    port,
    seconds,
    size,
    whole,
)
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


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1, "1"), (1000, "1000"), (1024, "1K"), (1536, "1536"), (3 << 30, "3G")],
)
def test_sizes_are_shown_as_they_are_written(number: int, text: str) -> None:
    assert size(zero=True).show(number) == text
    assert size(zero=True).read(text) == number


@pytest.mark.parametrize(
    ("kind", "bounds", "meaning"),
    [
        (whole(), "", "a whole number"),
        (whole(0), "x>=0", "a whole number from 0 on"),
        (whole(-1, 5), "-1<=x<=5", "a whole number from -1 to 5"),
    ],
)
def test_bounds_are_told(kind: Kind[int], bounds: str, meaning: str) -> None:
    assert (kind.bounds, kind.meaning) == (bounds, meaning)


@pytest.mark.parametrize("text", ["", "x", "1.5", "--1"])
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(OptionError, match="is not a valid number"):
        whole().read(text)


@pytest.mark.parametrize(("text", "number"), [("30", 30.0), ("0.5", 0.5), ("1e3", 1e3)])
def test_durations(text: str, number: float) -> None:
    assert seconds().read(text) == number


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "0"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(OptionError, match="is not a number of seconds: write 30 or"):
        seconds().read(text)


def test_no_time_at_all_may_be_allowed() -> None:
    assert seconds(zero=True).read("0") == 0


def test_choices() -> None:
    assert choice(("a", "B"), ignore_case=True).read("b") == "B"
    assert choice(("a", "B"), ignore_case=True).metavar == "[a|b]"
    with pytest.raises(OptionError, match="'b' is not one of 'a', 'B'"):
        choice(("a", "B")).read("b")


@pytest.mark.parametrize("text", ["true", "Yes", "ON", "1", "t", "y"])
def test_what_is_true(text: str) -> None:
    assert FLAG.read(text) is True


@pytest.mark.parametrize("text", ["false", "No", "OFF", "0", "f", "n"])
def test_what_is_false(text: str) -> None:
    assert FLAG.read(text) is False


@pytest.mark.parametrize("text", ["", "2", "maybe"])
def test_what_is_neither(text: str) -> None:
    with pytest.raises(OptionError, match="is neither true nor false"):
        FLAG.read(text)


def test_a_path_stays_right_wherever_the_process_goes(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        assert PATH.read("a/../b") == f"{tmp_path}/b"
    assert PATH.read("") == ""


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "[::1]:5", "*", "*:9", "unix:/x"])
def test_addresses_are_shown_as_they_are_written(text: str) -> None:
    assert ADDRESS.show(ADDRESS.read(text)) == text


def test_a_secret_is_not_shown() -> None:
    assert SECRET.show(SECRET.read("password")) == "********"
    assert SECRET.show("") == ""


@pytest.mark.parametrize("value", [True, 1.0, "1", [1], {}, None])
def test_a_value_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(OptionError) as caught:
        whole(1, 5).take(value)
    said = f"cannot be {value!r}: it is a whole number from 1 to 5"
    assert str(caught.value) == said
