"""Rows of a table of which some pages cannot be read.

SQLite stops at the first such page. So the rows before it are read from the front,
those behind it from the back, and those between two such pages one by one. The rows
next to a page that cannot be read are looked up, too: Python fetches the next row
before it returns one, and if that fails drops it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from geartrain.stores.sqlite.file import ERRORS

__all__ = ["Numbers", "Row", "Scan", "both_ways"]

LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1

_BLOCK_BITS: Final = 16
_BLOCK_BYTES: Final = 1 << _BLOCK_BITS - 3
# The number of places tried in a hole whose contents no index names.
_MOST_PROBES: Final = 1 << 16

Row = tuple[Any, ...]


class Numbers:
    """A set of integers, as bits in blocks: small where they are dense."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, number: int) -> None:
        """Add a number."""
        key = number >> _BLOCK_BITS
        block = self._blocks.get(key)
        if block is None:
            block = self._blocks[key] = bytearray(_BLOCK_BYTES)
        block[(number >> 3) % _BLOCK_BYTES] |= 1 << (number & 7)

    def discard(self, number: int) -> None:
        """Take a number out again."""
        block = self._blocks.get(number >> _BLOCK_BITS)
        if block is not None:
            block[(number >> 3) % _BLOCK_BYTES] &= ~(1 << (number & 7))

    def __contains__(self, number: object) -> bool:
        # Damage may have turned the number into anything.
        if not isinstance(number, int):
            return False
        block = self._blocks.get(number >> _BLOCK_BITS)
        if block is None:
            return False
        return bool(block[(number >> 3) % _BLOCK_BYTES] >> (number & 7) & 1)


class Scan:
    """One reading of all rows of a table that can be read.

    A row is returned again until ``keep`` is called: in a damaged file it may occur
    twice, and another row may have its number.

    Attributes:
        count: how many rows were kept.
        reason: why not all could be read from the front on; empty if they could.
        hole: the first and last number that could be read neither from the front nor
            from the back; None if there is no such gap.
    """

    def __init__(
        self, connection: sqlite3.Connection, table: str, key: str, columns: str
    ) -> None:
        """Read ``columns``, of which ``key``, the INTEGER PRIMARY KEY, is the first."""
        source = f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key}"
        self._connection = connection
        self._up = f"{source} >= ? ORDER BY {key}"
        self._down = f"{source} <= ? ORDER BY {key} DESC"
        self._single = f"{source} = ?"
        self._kept = Numbers()
        self.count = 0
        self.reason = ""
        self.hole: tuple[int, int] | None = None

    def rows(self) -> Iterator[Row]:
        """Return rows from the front on, and if this fails, from the back."""
        last = LEAST
        try:
            for row in self._unkept(self._up, LEAST):
                yield row
                last = row[0]
        except ERRORS as error:
            self.reason = str(error) or type(error).__name__
        else:
            return
        first = MOST
        try:
            for row in self._unkept(self._down, MOST):
                yield row
                first = row[0]
        except ERRORS:
            pass
        if last < first:
            self.hole = (last + 1, first - 1)

    def find(self, number: int) -> Row | None:
        """Return the row with a number, None if it cannot be read."""
        try:
            rows = list(self._unkept(self._single, number))
        except ERRORS:
            return None
        return rows[0] if rows else None

    def probe(self, low: int, high: int) -> Iterator[Row]:
        """Return rows from many places in a hole on, each up to the next damage."""
        step = max(1, (high - low + 1) // _MOST_PROBES)
        for number in range(low, high + 1, step):
            if number in self._kept:
                continue
            try:
                yield from self._unkept(self._up, number, until_kept=True)
            except ERRORS:
                row = self.find(number)
                if row is not None:
                    yield row

    def keep(self, number: int) -> None:
        """Note that a row is as it was written: it does not come again."""
        self._kept.add(number)
        self.count += 1

    def has(self, number: int) -> bool:
        """Tell whether a row was kept."""
        return number in self._kept

    def _unkept(
        self, select: str, number: int, *, until_kept: bool = False
    ) -> Iterator[Row]:
        with closing(self._connection.cursor()) as cursor:
            for row in cursor.execute(select, (number,)):
                # Where the description of a table is damaged, a number may be none.
                if type(row[0]) is not int:
                    continue
                if row[0] not in self._kept:
                    yield row
                elif until_kept:
                    return


def both_ways(
    connection: sqlite3.Connection, select: str, *columns: str
) -> Iterator[Row]:
    """Return rows in the order of an index, and if this fails, from its end too.

    Some may come twice.
    """
    for direction in (" ASC", " DESC"):
        order = ", ".join(f"{column}{direction}" for column in columns)
        try:
            yield from connection.execute(f"{select} ORDER BY {order}")
        except ERRORS:
            continue
        return
