"""The record of a submitted job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["SubmittedRecord", "encoded", "same_workload"]

_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedRecord:
    """A job that a job server has accepted, and its state.

    Attributes:
        function: the name of its function.
        workload: its workload.
        unique: its unique; empty for none.
        priority: ``high``, ``normal`` or ``low``.
        background: whether it is a background job.
        due: when it becomes ready, in seconds since 1970 on the job server's clock;
            None if it is not delayed.
        schedule: the five fields of a recurring job, as ``30 7 * * mon-fri``; else
            empty.
        reducer: the reducer of a map/reduce job; else empty.
        handle: its handle, which coalesced jobs share.
        submitted: when it was submitted, in seconds since 1970 on that clock.
        state: ``scheduled``, ``ready``, ``running`` or ``dead``; or how it ended:
            ``done``, ``failed`` or ``cancelled`` (which includes jobs whose client left
            and jobs that outlived their time to live); ``recurring`` for the schedule
            of a recurring job; ``unknown`` if the job server is not running.
    """

    function: str
    workload: bytes
    unique: str = ""
    priority: str = "normal"
    background: bool = False
    due: float | None = None
    schedule: str = ""
    reducer: str = ""
    handle: str = ""
    submitted: float = 0.0
    state: str = ""

    def __str__(self) -> str:
        parts = [self.function, _shown(self.workload)]
        if self.unique:
            parts.append(f"unique={self.unique!r}")
        if self.priority != "normal":
            parts.append(f"priority={self.priority}")
        if self.background:
            parts.append("background")
        if self.schedule:
            parts.append(f"schedule={self.schedule!r}")
        if self.due is not None:
            parts.append(f"due in {self.due - self.submitted:.3g} s")
        return " ".join([*parts, f"({self.state})"])


def encoded(text: str) -> bytes:
    """Return the bytes of a name on the wire."""
    return text.encode("utf-8", "surrogateescape")


def same_workload(workload: bytes, expected: Any) -> bool:
    """Return whether a workload is these bytes, this text, or this value in JSON."""
    if isinstance(expected, str) and workload == encoded(expected):
        return True
    if isinstance(expected, (bytes, bytearray, memoryview)):
        return workload == bytes(expected)
    try:
        return bool(json.loads(workload) == expected)
    except ValueError:
        return False


def _shown(workload: bytes) -> str:
    shown = repr(workload[:_SHOWN])
    return shown if len(workload) <= _SHOWN else f"{shown}… ({len(workload)} bytes)"
