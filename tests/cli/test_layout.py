"""Which columns stand beside each other, and how wide."""

from __future__ import annotations

from operator import itemgetter

import pytest

from geartrain.cli.columns import COUNT, NAME, PROSE, TEXT, Column
from geartrain.cli.layout import Layout

COLUMNS: tuple[Column[list[str]], ...] = (
    Column("HANDLE", itemgetter(0), NAME),
    Column("FUNCTION", itemgetter(1), NAME),
    Column("JOBS", itemgetter(2), COUNT, worth=2),
    Column("SIZE", itemgetter(3), COUNT, worth=0),
    Column("WORKER", itemgetter(4), TEXT),
    Column("ERROR", itemgetter(5), PROSE),
)
NATURAL = [16, 20, 5, 6, 24, 90]


def layout(screen: int, natural: list[int] = NATURAL) -> Layout:
    return Layout(COLUMNS, natural, screen)


def test_all_are_as_wide_as_they_need_where_there_is_room() -> None:
    wide = layout(200)
    assert list(wide.widths.values()) == NATURAL
    assert (wide.below, wide.is_cut) == ([], False)


@pytest.mark.parametrize(
    ("screen", "beside", "below"),
    [
        (120, [0, 1, 2, 3, 4, 5], []),
        (80, [0, 1, 2, 3, 4], [5]),
        (60, [0, 1, 2, 4], [5]),
        (50, [0, 1, 2], [5]),
        (42, [0, 2, 3, 4], [1, 5]),
        (30, [0, 2], [1, 5]),
        (10, [0], [1, 5]),
    ],
)
def test_the_narrower_the_less(
    screen: int, beside: list[int], below: list[int]
) -> None:
    narrow = layout(screen)
    assert (list(narrow.widths), narrow.below) == (beside, below)
    assert sum(narrow.widths.values()) + 2 * (len(beside) - 1) <= screen
    assert narrow.is_cut is (len(beside) + len(below) < len(COLUMNS))


def test_names_keep_their_width_where_texts_are_cut() -> None:
    widths = layout(80).widths
    assert (widths[0], widths[1]) == (16, 20)
    assert widths[4] == 24


def test_one_name_is_narrowed_for_what_is_worth_it() -> None:
    columns = COLUMNS[1:3]
    assert Layout(columns, [40, 5], 40).widths == {0: 33, 1: 5}
    assert Layout(columns, [40, 5], 20).widths == {0: 20}
