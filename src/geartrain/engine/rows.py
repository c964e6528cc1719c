"""Rows: jobs and dead letters as JSON objects, for people and programs that list them.

Text that is not UTF-8 is decoded with ``surrogateescape``; times are in seconds since
1970.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from geartrain.engine.jobs import READY, RUNNING, Job

if TYPE_CHECKING:
    from geartrain.engine.records import Failures, JobRecord
    from geartrain.engine.state import State

__all__ = ["job_row", "record_row", "row", "state_name", "text"]

Value = str | int | float | bool | None

_PRIORITIES: Final = ("high", "normal", "low")


def row(values: dict[str, Value]) -> bytes:
    """Return a row as a line."""
    return json.dumps(values).encode() + b"\n"


def text(data: bytes) -> str:
    """Return bytes of a peer as text from which they can be had back."""
    return data.decode("utf-8", "surrogateescape")


def state_name(job: Job, wall_time: float) -> str:
    """Return the name of the state of a job in memory."""
    if job.state is RUNNING:
        return "running"
    if job.state is READY:
        return "ready"
    return "scheduled" if job.due > wall_time else "ready"


def job_row(state: State, job: Job, *, with_workload: bool = False) -> bytes:
    """Return the row of a job in memory."""
    values = _values(
        state.record(job), state_name(job, state.wall_time()), job.background
    )
    if job.worker is not None:
        values["started"] = job.started
        values["worker"] = text(job.worker.client_id + b" " + job.worker.address)
    if with_workload:
        _add_workload(values, job.workload, job.more)
    return row(values)


def record_row(
    record: JobRecord, wall_time: float, *, with_workload: bool = False
) -> bytes:
    """Return the row of a job or dead letter that only the store has."""
    name = "scheduled" if record.due > wall_time else "ready"
    values = _values(record, "dead" if record.died else name, True)
    if with_workload:
        _add_workload(values, record.workload, record.more)
    return row(values)


def _values(record: JobRecord, name: str, background: bool) -> dict[str, Value]:
    values: dict[str, Value] = {
        "handle": text(record.handle),
        "function": text(record.function),
        "unique": text(record.unique),
        "priority": _PRIORITIES[record.priority],
        "state": name,
        "background": background,
        "submitted": record.submitted or None,
        "due": record.due or None,
        "started": None,
        "died": record.died or None,
        "worker": None,
        "attempts": 0,
        "crashes": 0,
        "reason": None,
        "error": None,
        "size": record.size,
    }
    if record.failures is not None:
        _add_failures(values, record.failures)
    return values


def _add_failures(values: dict[str, Value], failures: Failures) -> None:
    values["started"] = failures.started or None
    values["worker"] = text(failures.worker) or None
    values["attempts"] = failures.attempts
    values["crashes"] = failures.crashes
    values["reason"] = text(failures.reason) or None
    values["error"] = text(failures.error) or None


def _add_workload(values: dict[str, Value], workload: bytes, more: list[bytes]) -> None:
    whole = b"".join([workload, *more])
    try:
        values["workload"] = whole.decode()
        values["encoding"] = "utf-8"
    except UnicodeDecodeError:
        values["workload"] = base64.b64encode(whole).decode()
        values["encoding"] = "base64"
