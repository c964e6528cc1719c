"""What a job server tells of a batch: jobs that were submitted under one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["BatchRow", "batch_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """How far the jobs of a batch are.

    Attributes:
        name: what they were submitted under.
        total: how many there are.
        succeeded: how many have ended well.
        failed: how many have ended otherwise, and for good.
        dead: how many are dead letters, which may be retried.
        left: how many have yet to end.
        blocked: how many of these wait for other jobs.
        began: when the first was submitted, in seconds since 1970.
        ended: when nothing was left, in seconds since 1970; None while something is.
        waiting: the handles of the first jobs that wait for the batch.
    """

    name: str
    total: int
    succeeded: int
    failed: int
    dead: int
    left: int
    blocked: int
    began: float
    ended: float | None
    waiting: tuple[str, ...]


def batch_row(values: Mapping[str, Any]) -> BatchRow:
    """Read a job server's row of a batch; raise KeyError if it is none."""
    found = {each.name: values[each.name] for each in fields(BatchRow)}
    return BatchRow(**{**found, "waiting": tuple(found["waiting"])})
