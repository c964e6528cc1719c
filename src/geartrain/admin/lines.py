"""Lines of columns, as the lists of the text protocol have them that are not JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from geartrain.admin.rows import FunctionRow
from geartrain.admin.worker_rows import WorkerRow

__all__ = ["function_rows", "worker_rows"]

# Maximum number of lines that are tried as one row: each costs a try of all before it.
_MOST_BREAKS = 100

_Row = TypeVar("_Row")


def function_rows(
    status: list[str], priorities: list[str]
) -> tuple[list[FunctionRow], list[str]]:
    """Read the lines of ``status`` and ``prioritystatus``, of any job server.

    Return rows, and the lines that are part of no row. A function that only the first
    list has was created between the two.
    """
    waiting = {}
    for name, (high, normal, low, _) in _counted(priorities, 4)[0]:
        waiting[name] = high, normal, low
    rows = []
    counted, unread = _counted(status, 3)
    for name, (total, running, workers) in counted:
        high, normal, low = waiting.get(name, (0, total - running, 0))
        rows.append(
            FunctionRow(
                function=name,
                high=high,
                normal=normal,
                low=low,
                running=running,
                workers=workers,
            )
        )
    return rows, unread


def _counted(
    lines: list[str], count: int
) -> tuple[list[tuple[str, list[int]]], list[str]]:
    """Split lines into a name and ``count`` numbers, from the right."""

    def read(line: str) -> tuple[str, list[int]]:
        name, *numbers = line.rsplit("\t", count)
        if len(numbers) != count:
            raise ValueError(line)
        return name, list(map(int, numbers))

    return _read_lines(lines, read, ends_tell=True)


def worker_rows(lines: list[str]) -> tuple[list[WorkerRow], list[str]]:
    """Read the lines of ``workers``; return rows, and lines that are part of none."""
    return _read_lines(lines, _worker_row, ends_tell=False)


def _read_lines(
    lines: list[str], read: Callable[[str], _Row], *, ends_tell: bool
) -> tuple[list[_Row], list[str]]:
    """Read rows; return them, and the lines that belong to no row.

    gearmand does not escape names: if one has line breaks, several lines are one row.
    With ``ends_tell`` a row is recognised by its end; without, by its beginning, so
    that a line that can be a row by itself is one.
    """
    rows: list[_Row] = []
    unread: list[str] = []
    pending: list[str] = []
    for line in lines:
        joined = "\n".join([*pending, line])
        tries = (joined, line) if ends_tell else (line, joined)
        row = None
        for text in tries:
            row = _read(text, read)
            if row is not None:
                unread += pending if text is line else []
                break
        if row is None:
            pending.append(line)
            if len(pending) > _MOST_BREAKS:
                unread.append(pending.pop(0))
            continue
        rows.append(row)
        pending = []
    return rows, unread + pending


def _read(line: str, read: Callable[[str], _Row]) -> _Row | None:
    try:
        return read(line)
    except ValueError:
        return None


def _worker_row(line: str) -> WorkerRow:
    """Read a row of ``workers``; raise ValueError if it is not one.

    Names are separated by spaces: one that has a space looks like two.
    """
    descriptor, address, rest = f"{line} ".split(" ", 2)
    name, colon, functions = rest.partition(" :")
    if not colon or not descriptor.isdecimal():
        raise ValueError(line)
    return WorkerRow(
        descriptor=int(descriptor),
        address=address,
        id=name,
        functions=tuple(functions.split()),
    )
