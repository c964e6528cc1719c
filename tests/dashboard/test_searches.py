"""What is typed into the search, read."""

from __future__ import annotations

import pytest

from geartrain.dashboard.searches import QUALIFIERS, quoted_value, read_search
from geartrain.errors import OptionError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("state:waiting", " state=ready"),
        ("STATE:Dead", " state=dead"),
        ("function:mail.* state:running", " function=mail.* state=running"),
        ('error:"timed out"', " error=timed%20out"),
        (r'error:"say \"no\""', ' error=say%20"no"'),
        ('error:"not closed', " error=not%20closed"),
        ("age:>10m", " older=600"),
        ("age:10min", " older=600"),
        ("age:<1.5h", " newer=5400"),
        ("age:>1d age:<2w", " older=86400 newer=1.2096e+06"),
        ("unique:a:b", " unique=a:b"),
        ("function:\udcff", " function=%FF"),
    ],
)
def test_qualifiers_become_conditions(text: str, words: str) -> None:
    search = read_search(text)
    assert (search.words, search.name) == (words, "")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("H:host:1", "H:host:1"),
        ("  picture-7 ", "picture-7"),
        ('"two words"', "two words"),
        ("handle:H:host:1", "H:host:1"),
        ("handle:x", "x"),
        ("http://example.org/a", "http://example.org/a"),
    ],
)
def test_a_word_alone_is_a_handle_or_a_unique(text: str, name: str) -> None:
    search = read_search(text)
    assert (search.name, search.filters) == (name, {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("state:gone", "state:gone is none: it is running, waiting, delayed"),
        ("age:old", "age:old is no age: write age:>10m"),
        ("age:>1m age:>2m", "age: is given twice"),
        ("error:a error:b", "error: is given twice"),
        ("one two", "'two': one handle or unique is looked for at a time"),
        ("one state:dead", "looked for alone"),
    ],
)
def test_what_is_wrong_is_named(text: str, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        read_search(text)


def test_what_can_be_changed_together_is_known() -> None:
    assert not read_search("").is_steered
    assert read_search("function:f").is_steered
    assert read_search("state:delayed age:>1h").is_steered
    assert not read_search("state:all").is_steered
    assert not read_search("H:a:1").is_steered
    assert read_search("state:dead error:x").is_dead
    assert read_search("state:dead age:>1h").letters == {"older": "3600"}


@pytest.mark.parametrize("value", ["f", "mail.*", "two words", 'a "b"', "back\\slash"])
def test_a_quoted_value_is_read_as_it_was(value: str) -> None:
    assert read_search(f"error:{quoted_value(value)}").filters == {"error": value}


def test_each_qualifier_is_explained() -> None:
    assert all(QUALIFIERS.values())
