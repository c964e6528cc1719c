"""Where somebody is, and how that is sorted."""

from __future__ import annotations

from geartrain.top.pages import page_named
from geartrain.top.position import Position
from geartrain.top.search import read_search

FUNCTIONS = Position(page_named("functions"))
JOBS = Position(page_named("jobs"))


def test_the_next_column_follows_and_the_last_one_is_followed_by_none() -> None:
    columns = JOBS.page.listing.columns
    position = JOBS
    seen = []
    for _ in columns:
        position = position.sorted_next(1)
        seen.append(position.sort)
    assert seen == [column.name for column in columns]
    assert position.sorted_next(1).sort is None
    assert JOBS.sorted_next(-1).sort == columns[-1].name


def test_the_second_click_on_a_title_turns_the_order_round() -> None:
    first = FUNCTIONS.sorted_by("waiting")
    assert (first.sort, first.is_reverse) == ("waiting", True)
    assert not first.sorted_by("waiting").is_reverse
    assert not first.sorted_by("dead").is_reverse


def test_what_has_no_order_is_not_turned_round() -> None:
    assert JOBS.reversed() is JOBS
    assert FUNCTIONS.reversed().is_reverse


def test_a_question_is_about_the_place_or_another_search() -> None:
    other = read_search("mail")
    assert JOBS.wanted(5).search == JOBS.search
    assert JOBS.wanted(5, other).search == other
    assert JOBS.wanted(5).rows == 5
