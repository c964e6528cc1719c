"""``--filter`` and ``--sort``: which rows of a list are shown, and in which order."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from geartrain.cli.columns import Column
from geartrain.errors import OptionError

__all__ = ["SortOrder", "column_named", "is_glob", "row_filter"]

_CONDITION: Final = re.compile(r"([a-z0-9_/ -]+?)\s*(!=|=|<|>)(.*)", re.I | re.S)

_Row = TypeVar("_Row")
_Filter = Callable[[_Row], bool]


def is_glob(text: str) -> bool:
    """Return whether a text matches others beside itself as a glob.

    >>> is_glob("mail*"), is_glob("mail")
    (True, False)
    """
    return any(mark in text for mark in "*?[")


def column_named(columns: Sequence[Column[_Row]], name: str) -> Column[_Row]:
    """Return the column with a name.

    Raises:
        OptionError: there is none.
    """
    wanted = name.strip().lower().replace(" ", "-")
    for column in columns:
        if column.name == wanted or column.name.replace("-", "_") == wanted:
            return column
    known = ", ".join(column.name for column in columns)
    raise OptionError(f"there is no column {name.strip()!r}: name one of {known}")


def row_filter(columns: Sequence[Column[_Row]], text: str, now: float) -> _Filter[_Row]:
    """Return whether rows are as a text says: ``COLUMN=GLOB``, ``COLUMN>NUMBER``….

    A text without such a sign is looked for in every column.

    Raises:
        OptionError: there is no such column, or it has no numbers.
    """
    condition = _CONDITION.fullmatch(text)
    if condition is None:
        return _containing(columns, text, now)
    column = column_named(columns, condition[1])
    if condition[2] in "<>":
        return _comparing(column, condition[2], condition[3].strip(), now)
    return _matching(column, condition[3], condition[2] == "=", now)


def _containing(
    columns: Sequence[Column[_Row]], text: str, now: float
) -> _Filter[_Row]:
    wanted = text.casefold()
    return lambda row: any(
        wanted in column.text(row, now).casefold() for column in columns
    )


def _matching(
    column: Column[_Row], pattern: str, expected: bool, now: float
) -> _Filter[_Row]:
    glob = pattern.casefold()

    def matches(row: _Row) -> bool:
        value = column.value(row)
        # Of a list, one is enough.
        if isinstance(value, tuple):
            texts = list(map(str, value))
        else:
            texts = ["" if value is None else str(value), column.text(row, now)]
        return any(fnmatchcase(each.casefold(), glob) for each in texts) == expected

    return matches


def _comparing(column: Column[_Row], sign: str, text: str, now: float) -> _Filter[_Row]:
    read, measure = column.kind.read, column.kind.measure
    if read is None or measure is None:
        raise OptionError(f"{column.name} is no number: compare it by = or !=")
    try:
        bound = read(text)
    except ValueError:
        raise OptionError(
            f"{column.name}{sign}{text}: {text!r} is not a number"
            + ("" if read is float else ", or an age such as 45s, 30m, 12h or 7d")
        ) from None

    def compares(row: _Row) -> bool:
        value = column.value(row)
        if value is None:
            return False
        number = measure(value, now)
        return number > bound if sign == ">" else number < bound

    return compares


class SortOrder:
    """Rows sorted by a column: numbers the largest first, texts by the alphabet.

    Rows without a value are always the last.
    """

    def __init__(self, column: Column[Any], now: float, *, is_reverse: bool) -> None:
        self._column = column
        self._now = now
        self._is_descending = (column.kind.measure is not None) != is_reverse

    def first(self, rows: Iterable[_Row], most: int | None) -> list[_Row]:
        """Return rows in this order, at most so many."""
        known: list[_Row] = []
        unknown: list[_Row] = []
        for row in rows:
            (unknown if self._column.value(row) is None else known).append(row)
        if most is None:
            known.sort(key=self._key, reverse=self._is_descending)
            return known + unknown
        pick = heapq.nlargest if self._is_descending else heapq.nsmallest
        return [*pick(most, known, key=self._key), *unknown][:most]

    def _key(self, row: Any) -> Any:
        measure = self._column.kind.measure
        if measure is not None:
            return measure(self._column.value(row), self._now)
        return self._column.text(row, self._now).casefold()
