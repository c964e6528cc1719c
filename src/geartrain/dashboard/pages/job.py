"""The page of one job: its story, why it does not run, and what it carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import handle_word, word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.payloads import FIRST, Payload, payload
from geartrain.dashboard.redaction import READ
from geartrain.dashboard.timeline import timeline
from geartrain.http.api.parts import HANDLE_PATH
from geartrain.http.problems import ProblemError

__all__ = ["PAGE"]

Row = dict[str, Any]

# Statuses of jobs that wait, and of those that have ended.
_WAITING: Final = ("waiting", "delayed", "retrying", "blocked")
_UNENDED: Final = (*_WAITING, "running", "dead")


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for all that is known of it."""
    handle = call.values["handle"]
    row = await _row(call, handle)
    (why,) = await call.ask(f"why {handle_word(handle)}")
    if row is None:
        return {"title": handle, "handle": handle, "row": None, "why": why}
    status = row["status"]
    return {
        "title": f"{row['function']} {handle}",
        "handle": row["handle"],
        "row": row,
        "why": why,
        "moments": timeline(row, why, call.now),
        "progress": _progress(row, call.now),
        "workload": await _workload(call, row),
        "data": await _data(call, row),
        "result": None if status in _UNENDED else await _result(call, row),
        "is_waiting": status in _WAITING,
        "is_letter": status == "dead" and "ended" not in row,
    }


async def _row(call: PageCall, handle: str) -> Row | None:
    """Return the job's row; None if it is not known."""
    first = READ if call.redaction.is_on else FIRST
    try:
        rows = await call.ask(f"job {word(handle)} first={first} tail=yes")
    except ProblemError as problem:
        if problem.kind != "unknown-job":
            raise
        return None
    # Where no job has the handle, it may be a unique, which several may have.
    return rows[0]


def _progress(row: Row, now: float) -> Mapping[str, Any] | None:
    """Return how far it is, and how many seconds are left if that can be said."""
    done, of, started = row["numerator"], row["denominator"], row["started"]
    if row["status"] != "running" or done is None or not of or of < 0:
        return None
    share = min(max(done / of, 0.0), 1.0)
    left = None
    if started is not None and share > 0:
        left = max(now - started, 0.0) * (1 - share) / share
    return {"done": done, "of": of, "share": share, "left": left}


async def _workload(call: PageCall, row: Row) -> Payload | None:
    """Return the workload; None where it is not kept any more."""
    if "workload" not in row:
        return None
    return await payload(
        row["workload"],
        row["encoding"],
        row["size"],
        row["function"],
        call.redaction,
    )


async def _data(call: PageCall, row: Row) -> Payload | None:
    """Return the last of what it streams; None where nothing was."""
    if not row.get("data_size"):
        return None
    return await payload(
        row["data"],
        row["data_encoding"],
        row["data_size"],
        row["function"],
        call.redaction,
    )


async def _result(call: PageCall, row: Row) -> Mapping[str, Any]:
    """Return what is kept of its result."""
    first = READ if call.redaction.is_on else FIRST
    (kept,) = await call.ask(f"result {handle_word(row['handle'])} first={first}")
    if kept["result"] is None:
        return {"kept": kept["kept"], "payload": None, "expires": None}
    shown = await payload(
        kept["result"],
        kept["encoding"],
        kept["size"],
        row["function"],
        call.redaction,
    )
    return {"kept": "whole", "payload": shown, "expires": kept["expires"]}


PAGE: Final = Page(
    name="job",
    path="/jobs/{handle}",
    title="Job",
    load=load,
    parameters=(HANDLE_PATH,),
    is_listed=False,
    under="jobs",
)
