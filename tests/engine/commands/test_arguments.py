"""``name=value`` words of text commands."""

from __future__ import annotations

import re

import pytest

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.errors import OptionError

NAMES = (b"function", b"limit")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (b"function=f", b"f"),
        (b"function=a%20b%3d%FF%00", b"a b=\xff\0"),
        (b"function=a=b", b"a=b"),
        (b"function=a+b%", b"a+b%"),
        (b"function=\xff", b"\xff"),
    ],
)
def test_a_value_is_percent_encoded(word: bytes, value: bytes) -> None:
    assert read_arguments([word], NAMES).get(b"function") == value


def test_what_is_not_given_is_nothing() -> None:
    arguments = read_arguments([], NAMES)
    assert arguments.get(b"function") == b""
    assert arguments.number(b"limit", 7) == 7
    assert arguments.limit() == 100


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([b"f"], "'f' is none of function=, limit="),
        ([b"function="], "function is empty: name one, or leave it out"),
        ([b"=f"], "'' is none of function=, limit="),
        ([b"Function=f"], "'Function' is none of function=, limit="),
        ([b"\xff=f"], "'�' is none of function=, limit="),
        ([b"limit=1", b"function=f", b"limit=2"], "'limit' is given twice"),
    ],
)
def test_other_words_are_refused(words: list[bytes], reason: str) -> None:
    with pytest.raises(OptionError, match=re.escape(reason)):
        read_arguments(words, NAMES)


@pytest.mark.parametrize(
    ("value", "number"), [(b"0", 0), (b"007", 7), (b"%31%30", 10), (b"9" * 18, 10**18)]
)
def test_a_number_is_digits(value: bytes, number: int) -> None:
    arguments = read_arguments([b"limit=" + value], NAMES)
    assert arguments.number(b"limit", 0) in (number, number - 1)


@pytest.mark.parametrize("value", [b"-1", b"1.5", b"x", b"9" * 19, b"\xb2", b"1 "])
def test_what_is_no_number_is_refused(value: bytes) -> None:
    arguments = read_arguments([b"limit=" + value], NAMES)
    shown = value.decode("utf-8", "replace")
    reason = re.escape(f"limit is a number, not {shown!r}")
    with pytest.raises(OptionError, match=f"^{reason}$"):
        arguments.number(b"limit", 0)


@pytest.mark.parametrize(
    ("value", "limit"), [(b"1", 1), (b"100", 100), (b"1000", 1000), (b"1001", 1000)]
)
def test_a_limit_is_at_most_1000(value: bytes, limit: int) -> None:
    assert read_arguments([b"limit=" + value], NAMES).limit() == limit


def test_a_limit_of_0_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^limit is a number from 1$"):
        read_arguments([b"limit=0"], NAMES).limit()


def test_a_refusal_is_one_line() -> None:
    assert invalid("no such thing") == b"ERR INVALID_ARGUMENTS no+such+thing\r\n"
