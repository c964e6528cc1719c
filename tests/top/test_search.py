"""What a line of conditions means."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.top.search import Search, equal, read_search


def test_conditions_have_spaces_between_them_unless_they_are_quoted() -> None:
    search = read_search("state=ready 'error=no route' age>10m mail\\d #1")
    assert search.conditions == (
        "state=ready",
        "error=no route",
        "age>10m",
        "mail\\d",
        "#1",
    )
    assert search.equal == {"state": "ready", "error": "no route"}


@pytest.mark.parametrize("text", ["function=mail*", "state!=ready", "size>10", "mail"])
def test_only_equality_says_exactly_what_a_column_is(text: str) -> None:
    search = read_search(text)
    assert search.equal == {}
    assert not search.is_only_by({"function", "state"})


def test_what_is_only_by_some_columns_can_be_asked_of_the_server() -> None:
    search = read_search("function=mail state=ready")
    assert search.is_only_by({"function", "state", "unique"})
    assert not search.is_only_by({"function"})
    assert Search().is_only_by(())


def test_a_quote_that_is_not_closed_is_told() -> None:
    with pytest.raises(OptionError, match="a quote is not closed"):
        read_search("error='no route")


@pytest.mark.parametrize("value", ["mail", "it's [x]?", 'a "b" *', "a=b", "日本 語"])
def test_a_value_is_found_again_whatever_is_in_it(value: str) -> None:
    (condition,) = read_search(equal("error", value)).conditions
    name, _, pattern = condition.partition("=")
    assert name == "error"
    assert pattern.replace("[[]", "[").replace("[?]", "?").replace("[*]", "*") == value
