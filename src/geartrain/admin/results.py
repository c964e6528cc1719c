"""The row that the text command ``result`` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from geartrain.admin.job_rows import data_of

__all__ = ["UNENDED", "ResultRow", "result_row"]

UNENDED: Final = frozenset({"waiting", "delayed", "blocked", "running", "retrying"})
"""The states of a job that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """What became of a job, and its result.

    Times are seconds since 1970, names as in ``JobRow``.

    Attributes:
        handle: its handle.
        function: the name of its function; empty if nothing is known of the job.
        unique: its unique; empty for none.
        state: ``succeeded``, ``failed``, ``dead``, ``expired``, ``cancelled`` or
            ``abandoned`` (a foreground job that nobody waited for any more),
            ``dropped`` (newer jobs took its place, or it was a dead letter);
            ``waiting``, ``delayed``, ``running`` or ``retrying`` if it has not ended;
            ``ended`` if only that is known; ``unknown`` if nothing is.
        reason: why it failed: ``fail``, ``exception``, ``timeout``, ``crash``.
        error: what its worker said of that.
        worker: client id and address of the last worker.
        submitted: when it was submitted.
        started: when its last attempt began.
        ended: when it ended.
        expires: when the job server forgets this.
        kept: ``whole``; ``too_large`` if the result has more bytes than the policy's
            ``result_size``; ``none`` if there is none, or it is not kept.
        size: bytes of the result.
        data_size: how many of them, at the front, came by WORK_DATA.
        result: the result; None if it is not kept.
    """

    handle: str
    function: str
    unique: str
    state: str
    reason: str | None
    error: str | None
    worker: str | None
    submitted: float | None
    started: float | None
    ended: float | None
    expires: float | None
    kept: str
    size: int
    data_size: int
    result: bytes | None


_PLAIN: Final = tuple(f.name for f in fields(ResultRow) if f.name != "result")


def result_row(values: Mapping[str, Any]) -> ResultRow:
    """Read a job server's row of a result.

    Raises:
        KeyError, ValueError: it is not one.
    """
    result = None
    if values["result"] is not None:
        result = data_of(values["result"], values["encoding"])
    plain = {name: values[name] for name in _PLAIN}
    return ResultRow(**plain, result=result)
