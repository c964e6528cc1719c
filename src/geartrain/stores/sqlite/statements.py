"""Statements of many rows: few of them do a lot, and few kinds of them stay prepared.

Python gives up and takes back its lock around every step of a statement, and beside a
busy event loop each taking back may cost a switch interval. So a commit is few, wide
statements; and what reads many rows has SQLite put them into one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

__all__ = ["Value", "chunks", "places", "tuples"]

Value = int | float | bytes | None

# The most rows of one statement: SQLite takes 32766 values, and while Python hands
# them over, about half a millisecond for these, nothing else runs.
_MOST_ROWS: Final = 512
_MOST_NUMBERS: Final = 1024


def chunks(values: Sequence[Value], width: int = 1) -> Iterator[Sequence[Value]]:
    """Return values, ``width`` a row, in parts of as many rows as a statement takes."""
    most = _MOST_NUMBERS if width == 1 else _MOST_ROWS
    start, end = 0, len(values)
    while start < end:
        count = _fit((end - start) // width, most) * width
        yield values[start : start + count]
        start += count


@cache
def places(count: int) -> str:
    """Return the text for a list of so many values."""
    return f"({', '.join('?' * count)})"


@cache
def tuples(count: int, width: int) -> str:
    """Return the text for the values of so many rows."""
    return f"VALUES {', '.join([places(width)] * count)}"


def _fit(count: int, most: int) -> int:
    """Return how many rows the next statement takes.

    Only the four highest bits count: so any number of rows needs few statements, and
    all statements there are remain prepared.
    """
    if count >= most:
        return most
    shift = max(0, count.bit_length() - 4)
    return count >> shift << shift
