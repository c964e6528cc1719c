"""Options: what follows from the field of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from geartrain.configuration.kinds import TEXT
from geartrain.configuration.option import Given, option, options_of
from geartrain.errors import OptionError
from tests.support.sample_options import Sample


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Options whose texts have commas."""

    TABLE: ClassVar[str] = "lines"
    VARIABLES: ClassVar[str] = "LINES_"

    lines: tuple[str, ...] = option(
        TEXT, lambda: ("made",), "Lines.", repeats=True, separator="\n"
    )


def test_names_follow_from_the_field() -> None:
    options = options_of(Sample)
    assert "internal" not in options
    is_open = options["is_open"]
    assert (is_open.flag, is_open.negation) == ("--is-open", "--no-is-open")
    assert is_open.variable == "GEARTRAIN_IS_OPEN"
    assert options["secret"].variable == "GEARTRAIN_HUSH"
    assert options["pause"].metavar == "SECONDS"


def test_defaults_are_shown_as_they_are_written() -> None:
    shown = {name: each.default for name, each in options_of(Sample).items()}
    assert shown == {
        "number": "5",
        "pause": "as needed",
        "names": "",
        "secret": "",
        "place": "",
        "is_open": "true",
        "is_quiet": "",
    }


def test_a_default_can_be_made_when_it_is_needed() -> None:
    assert Lines().lines == ("made",)
    assert options_of(Lines)["lines"].default == ""


def test_texts_with_commas_have_another_separator() -> None:
    lines = options_of(Lines)["lines"]
    assert lines.variable == "LINES_LINES"
    assert lines.read("a, b\n\nc d\n") == ("a, b", "c d")
    assert lines.take(["a, b"]) == ("a, b",)


def test_a_list_of_nothing_is_refused() -> None:
    names = options_of(Sample)["names"]
    with pytest.raises(OptionError, match="is an empty list"):
        names.read(" , ")
    with pytest.raises(OptionError, match="is an empty list"):
        names.take([])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("number", 3, "3"),
        ("pause", 0.5, "0.5"),
        ("pause", 120.0, "120"),
        ("pause", None, ""),
        ("names", ("a", "b"), "a, b"),
        ("secret", "x", "********"),
        ("is_open", False, "false"),
    ],
)
def test_values_are_shown(name: str, value: object, text: str) -> None:
    assert options_of(Sample)[name].show(value) == text


def test_a_given_value_says_where_it_stands() -> None:
    flag = Given(1, "flag", "--number")
    assert (flag.place, str(flag)) == ("--number", "--number")
    key = Given(1, "file", "number", lambda: "a.toml:3")
    assert (key.place, str(key)) == ("a.toml:3", "number (a.toml:3)")
