"""Columns of tables: what a cell holds, how it is shown, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from geartrain.cli.times import age, brief, quantity, short
from geartrain.texts import shown_worker, visible

__all__ = [
    "AGE",
    "COUNT",
    "GROWTH",
    "MOMENT",
    "NAME",
    "PROSE",
    "RATE",
    "SECONDS",
    "SIZE",
    "SPAN",
    "TEXT",
    "WORD",
    "WORKER",
    "Column",
    "ColumnKind",
    "Fit",
]

# Maximum characters of a cell: a name of 60 kB would widen its column in every row.
# JSON has all of it.
_MAX_CELL: Final = 1000

_Row = TypeVar("_Row")


class Fit(Enum):
    """What may be done to the cells of a column where the terminal is too narrow."""

    KEEP = "keep"
    """They are there in full: below the other cells, if need be, and over lines."""
    WRAP = "wrap"
    """They go over some lines, below the other cells if need be."""
    CUT = "cut"
    """They are cut, and then the column is left out."""
    WHOLE = "whole"
    """The column is there as it is, or left out."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnKind:
    """What the cells of a column are.

    Attributes:
        show: returns the text of a value, by the job server's clock.
        fit: what may be done to it where the terminal is too narrow.
        measure: returns the number that a value is compared and sorted by, by the job
            server's clock; None where it is compared as text.
        read: reads such a number; None where it is compared as text.
    """

    show: Callable[[Any, float], str]
    fit: Fit = Fit.WHOLE
    measure: Callable[[Any, float], float] | None = None
    read: Callable[[str], float] | None = None

    @property
    def is_number(self) -> bool:
        """Whether cells are aligned to the right."""
        return self.read is not None


def _plain(value: object, now: float) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _age(moment: float, now: float) -> str:
    """Return how long ago a moment was, or in how long it will be."""
    return f"in {age(moment - now)}" if moment >= now + 1 else age(now - moment)


def _rate(value: float, now: float) -> str:
    """Return a number a second with three digits."""
    return f"{value:.0f}" if value >= 100 or not value else f"{value:.3g}"


def _number(value: float, now: float) -> float:
    return value


NAME: Final = ColumnKind(_plain, Fit.KEEP)
"""A handle or the name of a function, which people copy."""

WORD: Final = ColumnKind(_plain)
"""A short word, such as a state."""

TEXT: Final = ColumnKind(_plain, Fit.CUT)
"""A name or a list of names that tells enough by its beginning."""

WORKER: Final = ColumnKind(lambda value, now: shown_worker(value), Fit.CUT)
"""The client id and address of a worker, or its address if it has no id."""

PROSE: Final = ColumnKind(_plain, Fit.WRAP)
"""Sentences, such as an error."""

COUNT: Final = ColumnKind(_plain, measure=_number, read=float)
"""How many there are."""

SIZE: Final = ColumnKind(
    lambda value, now: f"{value / 1024**2:.0f} MiB", measure=_number, read=float
)
"""A number of bytes."""

RATE: Final = ColumnKind(_rate, measure=_number, read=float)
"""A number a second."""

GROWTH: Final = ColumnKind(_rate, measure=_number, read=float)
"""A count that only grows; shown as its growth a second between two looks."""

MOMENT: Final = ColumnKind(lambda value, now: brief(value), measure=_number)
"""A time in seconds since 1970."""

AGE: Final = ColumnKind(_age, measure=lambda value, now: now - value, read=quantity)
"""A time in seconds since 1970, shown as how long ago it was."""

SECONDS: Final = ColumnKind(
    lambda value, now: short(value) or "", measure=_number, read=quantity
)
"""A time in seconds, with two digits."""

SPAN: Final = ColumnKind(lambda value, now: age(value), measure=_number, read=quantity)
"""A time in seconds, from seconds to days."""


@dataclass(frozen=True, slots=True)
class Column(Generic[_Row]):
    """A column of a table.

    Attributes:
        title: the text above it.
        value: returns the value of a row; None is shown as a dash.
        kind: what the values are.
        worth: columns of the least worth are left out first where the terminal is too
            narrow for all.
        is_rare: it is left out where none of the first rows has a value.
    """

    title: str
    value: Callable[[_Row], Any]
    kind: ColumnKind = WORD
    worth: int = 1
    is_rare: bool = False

    @property
    def name(self) -> str:
        """The name by which a command line speaks of it."""
        return self.title.lower().replace(" ", "-")

    def text(self, row: _Row, now: float) -> str:
        """Return the text of a row's cell, on one line, safe for a terminal."""
        value = self.value(row)
        # Before it is escaped, too: that takes time for megabytes.
        shown = "-" if value is None else self.kind.show(value, now)[: _MAX_CELL + 1]
        text = visible(shown)
        return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}…"
