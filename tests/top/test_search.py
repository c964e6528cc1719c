"""What a line of conditions means."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.top.search import asking_by, equal, read_search

BY_NAME = asking_by("state", globs=("function",))


def test_conditions_have_spaces_between_them_unless_they_are_quoted() -> None:
    search = read_search("state=ready 'error=no route' age>10m mail\\d #1")
    assert search.conditions == (
        "state=ready",
        "error=no route",
        "age>10m",
        "mail\\d",
        "#1",
    )
    given, left = search.parted(BY_NAME)
    assert given == {"state": "ready"}
    assert left == ["error=no route", "age>10m", "mail\\d", "#1"]


@pytest.mark.parametrize("text", ["state=re*", "state!=ready", "size>10", "mail"])
def test_a_server_is_asked_by_equality_alone(text: str) -> None:
    assert read_search(text).parted(BY_NAME) == ({}, [text])


def test_globs_are_asked_for_where_the_server_knows_them() -> None:
    search = read_search("function=mail* FUNCTION=other")
    assert search.parted(BY_NAME) == ({"function": "mail*"}, ["FUNCTION=other"])


def test_a_quote_that_is_not_closed_is_told() -> None:
    with pytest.raises(OptionError, match="a quote is not closed"):
        read_search("error='no route")


@pytest.mark.parametrize("value", ["mail", "it's [x]?", 'a "b" *', "a=b", "日本 語"])
def test_a_value_is_found_again_whatever_is_in_it(value: str) -> None:
    (condition,) = read_search(equal("error", value)).conditions
    name, _, pattern = condition.partition("=")
    assert name == "error"
    assert pattern.replace("[[]", "[").replace("[?]", "?").replace("[*]", "*") == value
