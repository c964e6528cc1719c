"""``--filter`` and ``--sort``: which rows are shown, and in which order."""

from __future__ import annotations

from operator import itemgetter

import pytest

from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, SECONDS, Column
from geartrain.cli.filters import SortOrder, column_named, is_glob, row_filter
from geartrain.errors import OptionError

COLUMNS: tuple[Column[tuple[object, ...]], ...] = (
    Column("FUNCTION", itemgetter(0), NAME),
    Column("JOBS", itemgetter(1), COUNT),
    Column("AGE", itemgetter(2), AGE),
    Column("RAN", itemgetter(3), SECONDS),
    Column("SERVED BY", itemgetter(4), PROSE),
)
NOW = 10_000.0
ROWS = [
    ("mail.send", 3, 9_990.0, 0.2, ("ann", "bob")),
    ("Resize", 12, 9_000.0, 5.0, ("carl",)),
    ("zip", None, None, None, None),
]


def found(text: str) -> list[object]:
    matches = row_filter(COLUMNS, text, NOW)
    return [row[0] for row in ROWS if matches(row)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("MAIL", ["mail.send"]),
        ("carl", ["Resize"]),
        ("nothing", []),
        ("function=mail*", ["mail.send"]),
        ("FUNCTION=resize", ["Resize"]),
        ("function!=mail*", ["Resize", "zip"]),
        ("jobs=3", ["mail.send"]),
        ("jobs>3", ["Resize"]),
        ("jobs<4.5", ["mail.send"]),
        ("jobs=", ["zip"]),
        ("age>1m", ["Resize"]),
        ("age < 60", ["mail.send"]),
        ("ran>1", ["Resize"]),
        ("served-by=b?b", ["mail.send"]),
        ("served by=carl", ["Resize"]),
    ],
)
def test_rows_are_filtered(text: str, wanted: list[str]) -> None:
    assert found(text) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("statee=dead", "there is no column 'statee': name one of function, jobs"),
        ("function>3", "function is no number: compare it by = or !="),
        ("jobs>many", "'many' is not a number"),
        ("age>long", "or an age such as 45s"),
    ],
)
def test_mistakes_are_told(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        found(text)


@pytest.mark.parametrize(
    ("name", "is_reverse", "wanted"),
    [
        ("function", False, ["mail.send", "Resize", "zip"]),
        ("function", True, ["zip", "Resize", "mail.send"]),
        ("jobs", False, ["Resize", "mail.send", "zip"]),
        ("jobs", True, ["mail.send", "Resize", "zip"]),
        ("age", False, ["Resize", "mail.send", "zip"]),
        ("SERVED_BY", False, ["mail.send", "Resize", "zip"]),
    ],
)
@pytest.mark.parametrize("most", [None, 2])
def test_rows_are_sorted_and_unknown_values_are_last(
    name: str, is_reverse: bool, wanted: list[str], most: int | None
) -> None:
    order = SortOrder(column_named(COLUMNS, name), NOW, is_reverse=is_reverse)
    assert [row[0] for row in order.first(ROWS, most)] == wanted[:most]


def test_globs() -> None:
    assert [is_glob(text) for text in ("mail*", "m?", "m[ab]", "mail.send")] == [
        True,
        True,
        True,
        False,
    ]
