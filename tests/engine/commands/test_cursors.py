"""Where lists of several job servers go on."""

from __future__ import annotations

import pytest

from geartrain.engine.commands.cursors import cursor_text, read_cursor, with_argument
from geartrain.errors import OptionError


def test_a_cursor_says_for_each_where_it_goes_on() -> None:
    places = {b"one": b"memory-3-H:x:7", b"t=w&o": b"", b"\xff": b"nodes:a=b&c=%"}
    assert read_cursor(cursor_text(places).encode()) == places


def test_the_beginning_has_none() -> None:
    assert read_cursor(b"") is None


@pytest.mark.parametrize("after", [b"7", b"nodes:", b"nodes:a", b"memory-3-x=y"])
def test_what_is_no_cursor_is_refused(after: bytes) -> None:
    with pytest.raises(OptionError, match="not from a list of all"):
        read_cursor(after)


def test_an_argument_takes_the_place_of_another() -> None:
    words = [b"jobs", b"after=x", b"limit=3"]
    assert with_argument(words, b"after", b"a b") == [
        b"jobs",
        b"limit=3",
        b"after=a%20b",
    ]
    assert with_argument(words, b"after", b"") == [b"jobs", b"limit=3"]
