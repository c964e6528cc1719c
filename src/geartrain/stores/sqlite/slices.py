"""Slices of a SQLite store's rows, in the order of an index.

SQLite stops at a page it cannot read. The rows beyond are then read one by one, as the
index says where they are, and those that cannot be have nothing but what it says.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

from geartrain.stores.sqlite.reading import (
    SINGLE,
    read_heads,
    read_rows,
    read_sizes,
)
from geartrain.stores.sqlite.rows import Row
from geartrain.stores.sqlite.schema import is_damage
from geartrain.stores.sqlite.statements import Value

__all__ = ["Slice", "is_unreadable", "read_slice", "read_slice_heads"]

# A slice with workloads ends with the job that makes them as large as this.
_MOST_BYTES: Final = 4 * 1024 * 1024

# The queue of a row that SQLite cannot read.
_UNREADABLE: Final = 0

Slice = tuple[str, Sequence[Value]]
"""A SELECT up to its LIMIT, with ``{}`` for the columns, and its values."""

_Read = Callable[[sqlite3.Connection, str, Sequence[Value]], list[Row]]


def is_unreadable(row: Row) -> bool:
    """Tell whether SQLite could not read a row of a slice."""
    return row.queue == _UNREADABLE and row.head is None


def read_slice(connection: sqlite3.Connection, place: Slice, most: int) -> list[Row]:
    """Return rows with their workloads, until these are large enough."""
    select, values = f"{place[0]} LIMIT ?", place[1]
    try:
        sizes = accumulate(read_sizes(connection, select, (*values, most)))
        fitting = bisect_left(list(sizes), _MOST_BYTES) + 1
        return read_rows(connection, select, (*values, min(fitting, most)))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return _read_singly(connection, place, most, read_rows)


def read_slice_heads(
    connection: sqlite3.Connection, place: Slice, most: int
) -> list[Row]:
    """Return rows without their workloads."""
    select, values = place
    try:
        return read_heads(connection, f"{select} LIMIT ?", (*values, most))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return _read_singly(connection, place, most, read_heads)


def _read_singly(
    connection: sqlite3.Connection, place: Slice, most: int, read: _Read
) -> list[Row]:
    select, values = place
    # These are in the index, and so no row is looked at.
    numbers = f"{select.replace('{}', 'number, due')} LIMIT ?"
    found = connection.execute(numbers, (*values, most)).fetchall()
    rows: list[Row] = []
    size = 0
    for number, due in found:
        try:
            row = read(connection, SINGLE, (number,))[0]
        except (sqlite3.DatabaseError, IndexError):
            row = Row(number, _UNREADABLE, due, 0, 0, 0, None, None, None)
        rows.append(row)
        size += max(row.length, row.pieces)
        if size >= _MOST_BYTES:
            break
    return rows
