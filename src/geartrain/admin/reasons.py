"""The row that the text command ``why`` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["WhyRow", "why_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyRow:
    """Why a job does not run, who runs it, or how it ended.

    Times are seconds since 1970, names as in ``JobRow``.

    Attributes:
        handle: its handle.
        function: the name of its function; empty if nothing is known of the job.
        unique: its unique; empty for none.
        state: as in ``ResultRow``.
        code: why, in a word: ``no_worker``, ``paused``, ``not_due``, ``pausing`` (after
            an attempt that failed), ``stored`` (only the store has it), ``store`` (that
            is asked about the unique), ``woken`` (a worker is coming), ``busy``,
            ``rate``, ``concurrency``, ``key_rate``, ``key_concurrency``, ``order``,
            ``idle``, ``running``, ``ended``, ``unknown``.
        why: the same in a sentence.
        since: since when it runs, its workers are busy, or it has ended.
        due: when it may run.
        worker: client id and address of who runs it, or ran it last.
        workers: how many workers have its function.
        running: how many jobs of its function run.
        higher: how many jobs of its function and a higher priority are ready.
        earlier: how many of its own priority are before it, at most.
        nearest: the function with workers whose name is most like its function's, if
            that has none.
        attempts: number of attempts that failed.
        reason: how the last of them ended: ``fail``, ``exception``, ``timeout``, ….
        error: what the worker said of that.
    """

    handle: str
    function: str
    unique: str
    state: str
    code: str
    why: str
    since: float | None
    due: float | None
    worker: str | None
    workers: int
    running: int
    higher: int
    earlier: int
    nearest: str | None
    attempts: int
    reason: str | None
    error: str | None


_FIELDS = tuple(field.name for field in fields(WhyRow))


def why_row(values: Mapping[str, Any]) -> WhyRow:
    """Read a job server's row; raise KeyError if it is not one."""
    return WhyRow(**{name: values[name] for name in _FIELDS})
