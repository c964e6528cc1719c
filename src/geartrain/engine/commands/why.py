"""The text command ``why``: why a job does not run, in a sentence and in fields."""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.finding import Found, find_job
from geartrain.engine.commands.rows import Value, calendar_time, row, text
from geartrain.engine.jobs.reasons import (
    Reason,
    reason_of_end,
    reason_of_job,
    reason_of_stored,
)
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["why"]

_ENDED: Final = "it has ended, and nothing is kept of it"
_UNKNOWN: Final = "there is no such job, or nothing is kept of it any more"


def why(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell why a job does not run, who runs it, or how it ended: one row."""
    answers = peer.take_answers()
    if len(words) != 2 or not words[1]:
        return invalid("why takes one handle")
    handle = words[1]
    found = find_job(state, peer, handle, answers)
    if found.is_asked:
        return b""
    if found.error:
        return error(b"STORE_ERROR", found.error)
    return row(_values(state, found, handle)) + END_OF_LIST


def _values(state: State, found: Found, handle: bytes) -> dict[str, Value]:
    function, unique, attempts = b"", b"", 0
    if found.job is not None:
        job = found.job
        handle, function, unique = job.handle, job.function.name, job.unique
        reason = reason_of_job(state, job)
    elif found.waiting is not None:
        kept = found.waiting
        handle, function, unique = kept.handle, kept.function, kept.unique
        reason = reason_of_stored(state, kept, function)
    elif found.record is not None:
        record = found.record
        handle, function, unique = record.handle, record.function, record.unique
        reason = reason_of_end(state, record)
    elif state.was_given(handle):
        reason = Reason("ended", "ended", _ENDED)
    else:
        reason = Reason("unknown", "unknown", _UNKNOWN)
    failures = reason.failures
    if failures is not None:
        attempts = failures.attempts + failures.crashes
    due = calendar_time(state, reason.due) if reason.is_steady else reason.due
    return {
        "handle": text(handle),
        "function": text(function),
        "unique": text(unique),
        "state": reason.state,
        "code": reason.code,
        "why": reason.sentence,
        "since": calendar_time(state, reason.since),
        "due": due or None,
        "worker": text(reason.worker) or None,
        "workers": reason.workers,
        "running": reason.running,
        "higher": reason.higher,
        "earlier": reason.earlier,
        "nearest": text(reason.nearest) or None,
        "attempts": attempts,
        "reason": None if failures is None else text(failures.reason),
        "error": None if failures is None else text(failures.error) or None,
    }
