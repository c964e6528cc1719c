"""Tables: for people on a terminal, and for programs in a pipe.

On a terminal rich draws them, fitted to its width: long names are cut, and columns
that do not fit even then are left out. In a pipe nothing is cut to fit,
and nothing coloured, so a table is aligned here: rich takes a hundred times as long for
a row of ten columns (0.5 ms against 5 µs), and lists may have millions. Either way rows
are printed as they come, a thousand at a time: a list may be longer than memory.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from geartrain.cli.output import batches, write_json, write_lines
from geartrain.texts import visible

__all__ = ["Column", "table", "write_list", "write_table"]

_GAP = "  "
# Width below which a column of names is not narrowed: what is left of them would not
# tell one from another.
_MIN_WIDTH = 8
# Maximum characters of a cell: a name of 60 kB would widen its column in every row.
# JSON has all of it.
_MAX_CELL = 1000
# Stands after the titles where columns were left out.
_MORE = "…"

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[_Row]):
    """A column of a table.

    Attributes:
        title: the text above it.
        cell: returns the value of a row; None is shown as a dash.
        is_number: whether it is aligned to the right.
        is_elastic: whether its cells may be cut where the terminal is too narrow.
        is_minor: whether it is left out before others where even that is not enough.
        least: how much room an elastic column has to have to be shown.
    """

    title: str
    cell: Callable[[_Row], object]
    is_number: bool = False
    is_elastic: bool = False
    is_minor: bool = False
    least: int = _MIN_WIDTH


def write_list(
    rows: Iterable[_Row],
    columns: Sequence[Column[_Row]],
    to_json: Callable[[_Row], Mapping[str, Any]],
    as_json: bool,
) -> None:
    """Print rows as a table, or as one JSON object a line."""
    if as_json:
        write_json(map(to_json, rows))
    else:
        write_table(columns, rows)


def write_table(columns: Sequence[Column[_Row]], rows: Iterable[_Row]) -> None:
    """Print rows under the titles of their columns, as they come."""
    is_terminal = sys.stdout.isatty()
    screen = shutil.get_terminal_size().columns if is_terminal else None
    write_lines(table(columns, rows, screen))


def table(
    columns: Sequence[Column[_Row]], rows: Iterable[_Row], screen: int | None
) -> Iterator[str]:
    """Yield the lines of a table, ``screen`` characters wide, or as wide as needed.

    A column widens when a wider cell comes, so that no row waits for all others.
    """
    drawing = _Drawing(columns, screen)
    pending = [[column.title for column in columns]]
    for batch in batches(rows):
        pending += [[_text(column.cell(row)) for column in columns] for row in batch]
        yield from drawing.lines(pending)
        pending = []
    if pending:
        yield from drawing.lines(pending)


def _text(value: object) -> str:
    text = visible("-" if value is None else str(value))
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}…"


class _Drawing:
    """The columns of a table, which only get wider from batch to batch."""

    def __init__(self, columns: Sequence[Column[Any]], screen: int | None) -> None:
        self._columns = columns
        self._screen = screen
        self._widths = [0] * len(columns)
        # Numbers of the columns that fit on the screen.
        self._shown = list(range(len(columns)))
        self._is_empty = [True] * len(columns)
        self._has_titles = False

    def lines(self, rows: list[list[str]]) -> Iterator[str]:
        """Yield the lines of some rows; the titles are the first row of all."""
        for row in rows:
            self._widths[:] = map(max, self._widths, map(_width, row))
        for row in rows if self._has_titles else rows[1:]:
            for number, cell in enumerate(row):
                self._is_empty[number] &= cell in ("", "-")
        if self._screen is None:
            return self._aligned(rows)
        return self._drawn(rows, self._screen)

    def _aligned(self, rows: list[list[str]]) -> Iterator[str]:
        for row in rows:
            cells = map(_padded, self._columns, row, self._widths)
            yield _GAP.join(cells).rstrip()

    def _drawn(self, rows: list[list[str]], screen: int) -> Iterator[str]:
        """Yield lines that rich has fitted to the screen."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        self._choose(screen)
        padding = (0, len(_GAP), 0, 0)
        drawn = Table(box=None, show_header=False, pad_edge=False, padding=padding)
        for number in self._shown:
            column = self._columns[number]
            drawn.add_column(
                justify="right" if column.is_number else "left",
                # Only a column that may wrap is narrowed. Its cells never wrap.
                no_wrap=not column.is_elastic,
                min_width=self._min_width(number),
            )
        if self._is_cut(screen):
            drawn.add_column(no_wrap=True)
        for row in rows:
            shown = [row[number] for number in self._shown]
            if not self._has_titles:
                shown.append(_MORE)
            # As objects, because rich takes brackets in plain strings for markup.
            cells = (Text(cell, no_wrap=True, overflow="ellipsis") for cell in shown)
            drawn.add_row(
                *islice(cells, len(drawn.columns)),
                style="" if self._has_titles else "bold",
            )
            self._has_titles = True
        console = Console(width=screen)
        with console.capture() as capture:
            console.print(drawn)
        for line in capture.get().splitlines():
            yield line.rstrip()

    def _choose(self, screen: int) -> None:
        """Leave out columns until the others fit: empty ones first, then minor ones.

        rich would narrow every column to nothing instead, and first the names.
        """
        while len(self._shown) > 1 and self._least() > screen:
            empty = [n for n in self._shown if self._is_empty[n]]
            minor = [n for n in self._shown if self._columns[n].is_minor]
            self._shown.remove((empty or minor or self._shown)[-1])

    def _is_cut(self, screen: int) -> bool:
        """Whether a mark says that columns were left out, where it fits."""
        has_room = self._least() + len(_GAP) + len(_MORE) <= screen
        return len(self._shown) < len(self._columns) and has_room

    def _least(self) -> int:
        """Return how many characters the shown columns need at least."""
        return sum(map(self._min_width, self._shown)) + len(_GAP) * (
            len(self._shown) - 1
        )

    def _min_width(self, number: int) -> int:
        width = self._widths[number]
        column = self._columns[number]
        return min(width, column.least) if column.is_elastic else width


def _padded(column: Column[Any], text: str, width: int) -> str:
    space = " " * (width - _width(text))
    return space + text if column.is_number else text + space


def _width(text: str) -> int:
    """Return how many places a terminal needs for a text without control characters."""
    if text.isascii():
        return len(text)
    # Most tables do without: it takes milliseconds to import.
    from rich.cells import cell_len

    return cell_len(text)
