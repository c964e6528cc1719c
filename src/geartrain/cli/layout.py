"""Where the cells of a row stand on a terminal.

Columns stand beside each other, as wide as their widest cell. Where the terminal is too
narrow for that, this is given up, in this order, until they fit:

1. long texts, such as errors, go over several lines, or below the other cells;
2. texts that tell enough by their beginning are cut;
3. names but the first, such as a function's after a handle, go below the other cells,
   and a single one goes over several lines;
4. columns are left out, those of least worth first.

Names are never cut: people copy them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from geartrain.cli.columns import Column, Fit

__all__ = ["GAP", "INDENT", "Layout"]

GAP: Final = 2
"""Spaces between two columns."""

INDENT: Final = 2
"""Spaces before a cell that stands below the others."""

# What is left of a text that is cut to less would not tell one from another.
_LEAST_CUT: Final = 8
# A longer name is folded, so that one such name does not push all others apart; to less
# than the second only if it is alone.
_MOST_NAME: Final = 48
_LEAST_NAME: Final = 16
# A text in a narrower column would be many lines of a word or two.
_LEAST_PROSE: Final = 30
# Columns of this worth are kept beside a name, even if another name goes below.
_DEAR: Final = 2


class Layout:
    """Where the columns of a table stand on a terminal.

    Attributes:
        widths: the widths of the columns that stand beside each other, by number.
        below: the numbers of those that stand below them.
        is_cut: whether columns were left out.
    """

    def __init__(
        self, columns: Sequence[Column[Any]], natural: Sequence[int], screen: int
    ) -> None:
        """Lay columns out that are ``natural`` characters wide if there is room."""
        self._columns = columns
        self._natural = natural
        self._screen = screen
        prose = self._numbers(Fit.WRAP)
        self._beside = [n for n in range(len(columns)) if n not in prose]
        self.below: list[int] = []
        self._name = _MOST_NAME
        self._put_names_below()
        self._leave_out()
        self._widen(prose)
        placed = len(self._beside) + len(self.below)
        self.is_cut = placed < len(columns)
        self.below.sort()
        self.widths = {n: self._widths[n] for n in sorted(self._beside)}

    def _numbers(self, fit: Fit) -> list[int]:
        columns = enumerate(self._columns)
        return [number for number, column in columns if column.kind.fit is fit]

    def _put_names_below(self) -> None:
        """Make room for the columns that are worth it."""
        names = self._numbers(Fit.KEEP)
        dear = [n for n in self._beside if self._columns[n].worth >= _DEAR]
        while (lack := self._sum({*names, *dear}) - self._screen) > 0:
            if len(names) < 2:
                least = min([self._least(n) for n in names], default=0)
                self._name = max(_LEAST_NAME, least - lack)
                return
            name = names.pop()
            self._beside.remove(name)
            self.below.append(name)

    def _leave_out(self) -> None:
        names = self._numbers(Fit.KEEP)
        while self._sum(self._beside) > self._screen:
            others = [n for n in self._beside if n not in names]
            if not others:
                return
            # Of several of the same worth, the last.
            cheapest = min(reversed(others), key=lambda n: self._columns[n].worth)
            self._beside.remove(cheapest)

    def _widen(self, prose: Sequence[int]) -> None:
        """Share out the room that is left, and find one for long texts."""
        self._widths = {n: self._least(n) for n in self._beside}
        spare = max(0, self._screen - self._sum(self._beside))
        elastic = [n for n in self._beside if self._natural[n] > self._widths[n]]
        # Those that need the least get all they need.
        for place, n in enumerate(sorted(elastic, key=self._need)):
            given = min(self._need(n), spare // (len(elastic) - place))
            self._widths[n] += given
            spare -= given
        for n in prose:
            room = spare - GAP
            if room >= min(self._natural[n], _LEAST_PROSE):
                self._beside.append(n)
                self._widths[n] = min(room, self._natural[n])
                spare = room - self._widths[n]
            else:
                self.below.append(n)
        only = self._beside[0]
        self._widths[only] = min(self._widths[only], self._screen)

    def _need(self, number: int) -> int:
        return self._natural[number] - self._least(number)

    def _sum(self, numbers: Collection[int]) -> int:
        """Return how many characters columns need at least."""
        return sum(map(self._least, numbers)) + GAP * (len(numbers) - 1)

    def _least(self, number: int) -> int:
        natural, fit = self._natural[number], self._columns[number].kind.fit
        if fit is Fit.CUT:
            return min(natural, _LEAST_CUT)
        return min(natural, self._name) if fit is Fit.KEEP else natural
