"""What a job server tells of a flow key: jobs that share places and a rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["KeyRow", "key_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """The jobs of a function and flow key.

    Attributes:
        key: the flow key; empty for all jobs without one, in strict order.
        waiting: how many wait, delayed ones not included.
        held: how many of these are not to start yet: others of the key go first.
        running: how many run.
        oldest: for how many seconds the first has waited; None if nothing waits, or
            only the store has it.
        limit: what keeps the next one from starting, as in ``WhyRow.code``:
            ``key_concurrency``, ``key_rate``, ``order``, or, of all keys of the
            function, ``concurrency`` or ``rate``; None if only a worker is missing.
        next: when that limit lets it start, in seconds since 1970; None if another job
            has to end first.
        node: the name of the job server, if that is another than the one asked.
    """

    key: str
    waiting: int
    held: int
    running: int
    oldest: float | None
    limit: str | None
    next: float | None
    node: str | None = None


def key_row(values: Mapping[str, Any]) -> KeyRow:
    """Read a job server's row of a flow key; raise TypeError if it is none."""
    names = [each.name for each in fields(KeyRow)]
    return KeyRow(**{name: values[name] for name in names if name in values})
