"""Tables for people: aligned columns that fit the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from geartrain.cli.output import batches, screen_width, write_lines
from geartrain.texts import visible

__all__ = ["Column", "table", "write_table"]

_GAP = "  "
_LEAST_WIDTH = 8
# Where there is no screen to fit, a cell is cut here: a name of 60 kB would widen its
# column in every row. JSON has all of it.
_MOST_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: what stands above it.
        is_number: it is aligned to the right.
        is_elastic: its cells may be cut where the terminal is too narrow.
    """

    title: str
    is_number: bool = False
    is_elastic: bool = False


def write_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under the titles of their columns, as they come."""
    write_lines(table(columns, rows, screen_width()))


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], screen: int | None
) -> Iterator[str]:
    """Give the lines of a table, cut to the width of the screen if there is one.

    Columns get wider as wider cells come, so that no row has to wait for all others.
    """
    titles = [column.title for column in columns]
    widths = [0] * len(columns)
    pending = [titles]
    for batch in batches(rows):
        pending += [[_cut(visible(cell), _MOST_WIDTH) for cell in row] for row in batch]
        yield from _aligned(columns, pending, widths, screen)
        pending = []
    yield from _aligned(columns, pending, widths, screen)


def _aligned(
    columns: Sequence[Column],
    rows: list[list[str]],
    widths: list[int],
    screen: int | None,
) -> Iterator[str]:
    for row in rows:
        widths[:] = map(max, widths, map(_width, row))
    fitting = widths if screen is None else _fitted(columns, widths, screen)
    for row in rows:
        cells = map(_cell, columns, row, fitting)
        line = _GAP.join(cells).rstrip()
        yield line if screen is None else _cut(line, screen)


def _fitted(columns: Sequence[Column], widths: list[int], screen: int) -> list[int]:
    """Narrow the widest elastic columns until all fit, or none can be narrower."""
    fitted = [min(width, screen) for width in widths]
    elastic = [number for number, column in enumerate(columns) if column.is_elastic]
    excess = sum(fitted) + len(_GAP) * (len(fitted) - 1) - screen
    while excess > 0 and elastic:
        widest = max(elastic, key=fitted.__getitem__)
        if fitted[widest] <= _LEAST_WIDTH:
            break
        fitted[widest] -= 1
        excess -= 1
    return fitted


def _cell(column: Column, text: str, width: int) -> str:
    text = _cut(text, width)
    space = " " * (width - _width(text))
    return space + text if column.is_number else text + space


def _cut(text: str, width: int) -> str:
    """Return text no wider than ``width``; one that is cut ends with an ellipsis."""
    if _width(text) <= width:
        return text
    text = text[:width]
    while text and _width(text) >= width:
        text = text[:-1]
    return f"{text}…"


def _width(text: str) -> int:
    """Return how many places a terminal needs for the text."""
    return len(text) if text.isascii() else sum(map(_places, text))


def _places(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
