"""Byte ranges of whole lines, so that several workers can read one large file."""

from __future__ import annotations

import os
from typing import BinaryIO, Final

from geartrain.errors import OptionError

__all__ = ["line_ranges"]

# Bytes that are read at a time to find the end of a line.
_BLOCK: Final = 65536


def line_ranges(path: str | os.PathLike[str], size: int) -> list[tuple[int, int]]:
    """Return ranges of whole lines that together are a file, in order.

    Each is the place of its first byte and its number of bytes: ``size``, and as many
    more as its last line needs. Only the ends of ranges are read, so a terabyte takes
    no longer than its number of ranges. Lines end with a newline; the last one of the
    file may have none. What is appended meanwhile is in no range.

    Raises:
        OptionError: the size is not a whole number above 0.
        OSError: the file cannot be read.

    >>> line_ranges("access.log", 8 * 1024 * 1024)
    [(0, 8388721), (8388721, 8388642), (16777363, 1202113)]
    """
    if type(size) is not int or size < 1:
        raise OptionError(f"size={size!r}: give a number of bytes, 1 or more")
    ranges = []
    with open(path, "rb") as file:
        total = os.fstat(file.fileno()).st_size
        start = 0
        while start < total:
            # A line that ends with the last byte of the range belongs to it.
            end = _end_of_line(file, start + size - 1, total)
            ranges.append((start, end - start))
            start = end
    return ranges


def _end_of_line(file: BinaryIO, place: int, total: int) -> int:
    """Return the place behind the first newline from a place on, or the total."""
    file.seek(place)
    while place < total:
        block = file.read(min(_BLOCK, total - place))
        if not block:
            return total
        found = block.find(b"\n")
        if found >= 0:
            return place + found + 1
        place += len(block)
    return total
