"""Queued jobs as gearmand's queue plug-ins store them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from geartrain.errors import StoreError
from geartrain.protocol.constants import MAX_UNIQUE, Priority
from geartrain.texts import quoted

__all__ = [
    "CHUNK",
    "Cell",
    "Cursor",
    "NoQueueError",
    "Occurrences",
    "QueuedJob",
    "Source",
    "Unreadable",
    "ambiguous_rows",
    "made_unique",
    "queued_job",
    "row_name",
    "table_jobs",
]

# Rows that are read or deleted at a time.
CHUNK = 100

Cell = bytes | str | int | float | None

_PRIORITIES = {int(priority): priority for priority in Priority}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """One job of an old queue.

    Attributes:
        function: its function.
        unique: its unique as stored; perhaps empty, or too long to submit.
        priority: its priority.
        when: when it is due, in seconds since 1970; 0 for at once.
        workload: its workload.
        origin: its row or key, for messages.
        identity: distinguishes it from jobs that are equal in all of the above.
        key: what its source needs to delete it, besides all that.
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


class NoQueueError(StoreError):
    """There is no queue of gearmand's at a location: no such table or file."""


class Source(Protocol):
    """An old queue, opened for reading."""

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Yield each job, and read at most one chunk ahead.

        Raises:
            StoreError: the queue cannot be read.
        """

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete jobs that ``jobs`` has yielded, perhaps while it goes on.

        Raises:
            StoreError: they cannot be deleted.
        """

    def close(self) -> None:
        """Close the queue."""


class Cursor(Protocol):
    """The cursor of a database driver, as the Python DB API has it."""

    def fetchmany(self, size: int, /) -> Sequence[Sequence[Any]]:
        """Return the next rows, at most ``size``; none at the end."""


class Occurrences:
    """Numbers equal jobs without a unique, in a table that has no row numbers.

    It keeps 16 bytes for each such job. gearmand's own tables have at most two of them
    for a function, because their keys are unique.
    """

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def number(self, *cells: Cell) -> bytes:
        """Return how many jobs with the same cells came before, as text."""
        if cells[0] not in (b"", b"-"):
            return b""
        key = hashlib.blake2b(repr(cells).encode(), digest_size=16).digest()
        self._seen[key] += 1
        return b"%d" % (self._seen[key] - 1)


def table_jobs(cursor: Cursor) -> Iterator[QueuedJob | Unreadable]:
    """Yield the jobs of a table whose rows have no numbers.

    The cursor's columns are unique, function, priority, data and time.
    """
    occurrences = Occurrences()
    while rows := cursor.fetchmany(CHUNK):
        for cells in rows:
            yield queued_job(
                cells,
                origin=row_name(cells),
                identity=occurrences.number(*cells),
                key=None,
            )


def ambiguous_rows(table: str) -> StoreError:
    """Return the error for a table whose rows cannot be deleted one by one."""
    return StoreError(
        f"table {table!r} has several rows of one unique_key and function_name:"
        " --delete cannot tell them apart, import without it"
    )


def queued_job(
    cells: Sequence[Cell], *, origin: str, identity: bytes, key: object
) -> QueuedJob | Unreadable:
    """Return the job with this unique, function, priority, data and time.

    NULL data is an empty workload, as gearmand's SQLite plug-in writes it; a NULL time
    means at once, and a NULL priority normal.
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
    """Return why a row cannot be submitted, or an empty text."""
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
    """Return a cell as messages show it."""
    return quoted(cell) if isinstance(cell, bytes | str) else str(cell)


def _bytes(cell: Cell) -> bytes:
    """Return a cell's bytes, whatever type the table gave it."""
    if isinstance(cell, bytes):
        return cell
    return b"" if cell is None else str(cell).encode()


def row_name(cells: Sequence[Cell]) -> str:
    """Return the name of a row in messages: its unique and its function."""
    return f"row (unique {_shown(cells[0])}, function {_shown(cells[1])})"


def made_unique(job: QueuedJob) -> tuple[bytes, str]:
    """Return the unique to submit a job with, and why that is not its own.

    A job without one, or with ``-``, gets a hash of everything known about it, so that
    a second import coalesces with the first while the job waits. So does a job whose
    unique cannot be submitted: cut off, two different ones might become equal.
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
        fault = "contains a NUL byte: gearmand stores uniques of 64 bytes like that"
    return made, f"unique {quoted(unique)} {fault}; submitted as {made.decode()}"
