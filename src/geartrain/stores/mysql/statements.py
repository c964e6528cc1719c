"""Statements as texts: values in them, and many rows in few of them.

Values are whole numbers, or bytes in hexadecimal: twice as long, but the same in every
``sql_mode`` and character set, and as quickly written as anything in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

__all__ = ["Value", "among", "literal", "row_of", "wide"]

Value = int | bytes | None

# Bytes of one statement, or of one row that has more: it fits in the smallest packet.
_MOST_BYTES: Final = 512 * 1024
# Numbers in one list: an optimizer gives up looking them up in the index beyond a limit
# of memory.
_MOST_NUMBERS: Final = 2000


def literal(value: Value) -> str:
    """Return a value as SQL has it.

    >>> literal(b"ab"), literal(7), literal(None)
    ("x'6162'", '7', 'NULL')
    """
    if value is None:
        return "NULL"
    return f"x'{value.hex()}'" if isinstance(value, bytes) else str(value)


def row_of(*values: Value) -> str:
    """Return a row of a VALUES list."""
    return f"({','.join(map(literal, values))})"


def wide(insert: str, rows: Iterable[str], rest: str = "") -> Iterator[str]:
    """Return statements with many rows each, between ``insert`` and ``rest``."""
    gathered: list[str] = []
    size = 0
    for row in rows:
        if gathered and size + len(row) > _MOST_BYTES:
            yield f"{insert} VALUES {','.join(gathered)} {rest}"
            gathered, size = [], 0
        gathered.append(row)
        size += len(row)
    if gathered:
        yield f"{insert} VALUES {','.join(gathered)} {rest}"


def among(statement: str, numbers: Iterable[int]) -> Iterator[str]:
    """Return statements that end in ``IN`` and are about some of the numbers each."""
    left = iter(numbers)
    while some := list(islice(left, _MOST_NUMBERS)):
        yield f"{statement} IN ({','.join(map(str, some))})"
