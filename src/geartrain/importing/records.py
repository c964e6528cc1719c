"""Queued jobs as gearmand's queue plug-ins kept them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from geartrain.protocol.constants import MAX_UNIQUE, Priority
from geartrain.texts import quoted

__all__ = [
    "CHUNK",
    "Cell",
    "Occurrences",
    "QueuedJob",
    "Source",
    "Unreadable",
    "made_unique",
    "queued_job",
    "row_name",
]

# Rows that are read, or deleted, at a time.
CHUNK = 100

Cell = bytes | str | int | float | None

_PRIORITIES = {int(priority): priority for priority in Priority}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """One job of an old queue.

    Attributes:
        function: its function.
        unique: its unique as it was kept; may be empty, or too long to submit.
        priority: its priority.
        when: seconds since 1970 at which it is due; 0 is at once.
        workload: its workload.
        origin: which row or key it was, for people.
        identity: what tells it from jobs that are equal in all of the above.
        key: what its source needs to delete it by, besides all that.
    """

    function: bytes
    unique: bytes
    priority: Priority
    when: int
    workload: bytes
    origin: str
    identity: bytes
    key: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row or key that cannot be submitted, and why."""

    origin: str
    reason: str


class Source(Protocol):
    """An old queue, open for reading."""

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Give each job, reading no more than a chunk of them ahead.

        Raises:
            StoreError: the queue cannot be read.
        """

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete jobs that ``jobs`` gave, also while it still gives others.

        Raises:
            StoreError: they cannot be deleted.
        """

    def close(self) -> None:
        """Release the queue."""


class Occurrences:
    """Numbers equal jobs without a unique, in a table that has no row numbers.

    It remembers 16 bytes of each job without a unique. gearmand's own tables have two
    of them for a function at most: their keys are unique.
    """

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def number(self, *cells: Cell) -> bytes:
        """Return how many jobs with these cells came before, as text."""
        if cells[0] not in (b"", b"-"):
            return b""
        key = hashlib.blake2b(repr(cells).encode(), digest_size=16).digest()
        self._seen[key] += 1
        return b"%d" % (self._seen[key] - 1)


def queued_job(
    cells: Sequence[Cell], *, origin: str, identity: bytes, key: object
) -> QueuedJob | Unreadable:
    """Make a job of a row's unique, function, priority, data and time, in that order.

    NULL data is an empty workload, as gearmand's SQLite plug-in writes it; a NULL
    time is at once and a NULL priority normal.
    """
    unique, function, priority, data, when = cells
    reason = _fault(unique, function, priority, when)
    if reason:
        return Unreadable(origin=origin, reason=reason)
    return QueuedJob(
        function=_bytes(function),
        unique=_bytes(unique),
        priority=_PRIORITIES[1 if priority is None else int(priority)],
        when=0 if when is None else int(when),
        workload=_bytes(data),
        origin=origin,
        identity=identity,
        key=key,
    )


def _fault(unique: Cell, function: Cell, priority: Cell, when: Cell) -> str:
    """Say why a row cannot be submitted; empty if it can."""
    if function is None or unique is None:
        name = "function_name" if function is None else "unique_key"
        return f"its {name} is NULL, which gearmand does not write"
    if b"\0" in _bytes(function):
        return "its function contains a NUL byte, which cannot be submitted"
    if priority is not None and priority not in _PRIORITIES:
        return (
            f"its priority is {_shown(priority)}, not 0 (high), 1 (normal) or 2 (low)"
        )
    if when is not None and not isinstance(when, int):
        return f"its when_to_run is {_shown(when)}, not a number of seconds since 1970"
    return ""


def _shown(cell: Cell) -> str:
    """Return what complaints call a cell."""
    return quoted(cell) if isinstance(cell, bytes | str) else str(cell)


def _bytes(cell: Cell) -> bytes:
    """Return a cell's bytes, whatever type the table gave it."""
    if isinstance(cell, bytes):
        return cell
    return b"" if cell is None else str(cell).encode()


def row_name(cells: Sequence[Cell]) -> str:
    """Return what a row is called in complaints: by its unique and its function."""
    return f"row (unique {_shown(cells[0])}, function {_shown(cells[1])})"


def made_unique(job: QueuedJob) -> tuple[bytes, str]:
    """Return the unique to submit a job by, and why it is not its own, if so.

    A job without one, or with ``-``, gets one made from all that is known of it, so
    that importing it again while it waits joins it. So does one whose unique cannot
    be submitted: two that differ only in what was cut off must not become one.
    """
    unique = job.unique
    if unique not in (b"", b"-") and len(unique) <= MAX_UNIQUE and b"\0" not in unique:
        return unique, ""
    digest = hashlib.sha256()
    for part in (
        *(job.function, unique, b"%d" % job.when, job.identity),
        job.workload,
    ):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    made = b"import:" + digest.hexdigest()[:40].encode()
    if unique in (b"", b"-"):
        return made, ""
    if len(unique) > MAX_UNIQUE:
        fault = f"has {len(unique)} bytes, {MAX_UNIQUE} is the limit"
    else:
        fault = "contains a NUL byte: gearmand cuts uniques of 64 bytes so"
    return made, f"unique {quoted(unique)} {fault}; submitted as {made.decode()}"
