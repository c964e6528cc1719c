"""Tables: for people on a terminal, and for programs in a pipe.

On a terminal they are laid out to fit its width. In a pipe nothing is cut to fit, and
nothing coloured. Tables are drawn here: rich, which measures and wraps text, has none
whose cells may stand below others, and takes a hundred times as long for a row of ten
columns (0.5 ms against 5 µs); lists may have millions. Either way rows are printed as
they come, a thousand at a time: a list may be longer than memory.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final, TypeVar

from geartrain.cli.columns import Column, Fit
from geartrain.cli.layout import GAP, INDENT, Layout
from geartrain.cli.output import batches, write_lines

__all__ = [
    "Drawing",
    "bold",
    "reverse",
    "screen_width",
    "table",
    "width",
    "wrapped",
    "write_table",
]

# Stands after the titles where columns were left out.
_MORE: Final = "…"
# Maximum lines of a name or a long text that stands over several.
_MOST_NAME_LINES: Final = 8
_MOST_PROSE_LINES: Final = 3

_Row = TypeVar("_Row")


def write_table(columns: Sequence[Column[_Row]], rows: Iterable[_Row]) -> None:
    """Print rows under the titles of their columns, as they come."""
    write_lines(table(columns, rows, screen_width(), time.time()))


def screen_width() -> int | None:
    """Return the width of the terminal; None in a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    columns: Sequence[Column[_Row]],
    rows: Iterable[_Row],
    screen: int | None,
    now: float,
) -> Iterator[str]:
    """Yield the lines of a table, ``screen`` characters wide, or as wide as needed.

    A column widens when a wider cell comes, so that no row waits for all others.
    ``now`` is the time by the job server's clock.
    """
    drawing = Drawing(columns, screen)
    pending = [drawing.titles]
    for batch in batches(rows):
        pending += [[column.text(row, now) for column in columns] for row in batch]
        for lines in drawing.rows(pending):
            yield from lines
        pending = []
    for lines in drawing.rows(pending):
        yield from lines


class Drawing:
    """The columns of a table, which only get wider from batch to batch.

    Attributes:
        titles: the first row.
    """

    def __init__(self, columns: Sequence[Column[Any]], screen: int | None) -> None:
        self.titles = [column.title for column in columns]
        self._columns = columns
        self._screen = screen
        self._widths = [0] * len(columns)
        self._has_titles = False

    def rows(self, rows: list[list[str]]) -> Iterator[list[str]]:
        """Yield the lines of each row; the titles are the first row of all."""
        for row in rows:
            self._widths[:] = map(max, self._widths, map(width, row))
        if self._screen is None:
            return self._aligned(rows)
        return self._laid_out(rows, self._screen)

    def _aligned(self, rows: list[list[str]]) -> Iterator[list[str]]:
        for row in rows:
            cells = map(_padded, self._columns, row, self._widths)
            yield [(" " * GAP).join(cells).rstrip()]

    def _laid_out(self, rows: list[list[str]], screen: int) -> Iterator[list[str]]:
        layout = Layout(self._columns, self._widths, screen)
        for row in rows:
            lines = [*self._beside(row, layout), *self._below(row, layout, screen)]
            if not self._has_titles:
                self._has_titles = True
                if layout.is_cut and width(lines[0]) + GAP + len(_MORE) <= screen:
                    lines[0] += " " * GAP + _MORE
                lines = list(map(bold, lines))
            yield lines

    def _beside(self, row: list[str], layout: Layout) -> Iterator[str]:
        columns = [self._columns[n] for n in layout.widths]
        cells = [
            _fitted(row[n], room, self._columns[n].kind.fit)
            for n, room in layout.widths.items()
        ]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = map(_padded, columns, parts, layout.widths.values())
            yield (" " * GAP).join(padded).rstrip()

    def _below(self, row: list[str], layout: Layout, screen: int) -> Iterator[str]:
        for n in layout.below:
            if row[n] not in ("", "-"):
                fit = self._columns[n].kind.fit
                for line in _fitted(row[n], max(1, screen - INDENT), fit):
                    yield " " * INDENT + line


def bold(line: str) -> str:
    """Return a line in bold type, for a terminal."""
    return f"\x1b[1m{line}\x1b[0m"


def reverse(line: str) -> str:
    """Return a line in reverse video, for a terminal."""
    return f"\x1b[7m{line}\x1b[0m"


def width(text: str) -> int:
    """Return how many places a terminal needs for a text without control characters."""
    if text.isascii():
        return len(text)
    # Most tables do without: it takes milliseconds to import.
    from rich.cells import cell_len

    return cell_len(text)


def _fitted(text: str, room: int, fit: Fit) -> list[str]:
    """Return the lines of a cell, which has room for so many characters."""
    if width(text) <= room:
        return [text]
    if fit is Fit.CUT:
        return [_cut(text, room)]
    if fit is Fit.WRAP:
        return _first(wrapped(text, room), _MOST_PROSE_LINES, room)
    return _first(_folded(text, room), _MOST_NAME_LINES, room)


def _first(lines: list[str], most: int, room: int) -> list[str]:
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _cut(f"{lines[most - 1]} {lines[most]}", room)]


def _cut(text: str, room: int) -> str:
    from rich.cells import set_cell_size

    if width(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 1 else "…"


def _folded(text: str, room: int) -> list[str]:
    from rich.cells import chop_cells

    return chop_cells(text, room)


def wrapped(text: str, room: int) -> list[str]:
    """Return a text in lines of at most ``room`` places, broken between words."""
    from rich.console import Console
    from rich.text import Text

    lines = Text(text).wrap(Console(width=room), room, overflow="fold")
    return [line.plain.rstrip() for line in lines]


def _padded(column: Column[Any], text: str, room: int) -> str:
    space = " " * (room - width(text))
    return space + text if column.kind.is_number else text + space
