"""What the jobs of broadcasts come to, and how that outlasts a restart.

An entry is kept for each job that has ended, until its broadcast has.
"""

from __future__ import annotations

import json
from typing import Final

from geartrain.engine.model.addressees import HOST, WORKER, addressee_of
from geartrain.engine.model.broadcasts import Broadcast
from geartrain.engine.model.graph import LARGEST_OF_ALL
from geartrain.engine.model.jobs import Job
from geartrain.engine.records import Entry
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state.state import State

__all__ = ["forget", "note_end", "note_refusal", "restore"]

_OUTCOME: Final = b"outcome"

# Bytes of all results of a broadcast that are told together, and of one error.
_LARGEST_SUM: Final = 1024 * 1024
_LARGEST_ERROR: Final = 1000


def note_end(
    state: State, broadcast: Broadcast, job: Job, outcome: bytes, said: bytes | None
) -> None:
    """Note what a job of a broadcast came to; it is about to leave its worker.

    ``said`` is its result, or why it waited too long; None if that is not at hand.
    """
    worker, host = _who(job)
    values: dict[str, str | None] = {
        "worker": worker,
        "host": host,
        "handle": _text(job.handle),
        "outcome": _text(outcome),
    }
    if outcome == SUCCEEDED:
        values["result"] = _told(state, broadcast, said)
    else:
        values["error"] = _text(said or _error(job) or outcome)
    _add(state, broadcast, job.number, values)


def note_refusal(state: State, broadcast: Broadcast, job: Job, why: bytes) -> None:
    """Note why a job of a broadcast could not be made; it has no handle."""
    worker, host = _who(job)
    values: dict[str, str | None] = {
        "worker": worker,
        "host": host,
        "handle": None,
        "outcome": "refused",
        "error": _text(why),
    }
    _add(state, broadcast, -len(broadcast.outcomes) - 1, values)


def _add(
    state: State, broadcast: Broadcast, number: int, values: dict[str, str | None]
) -> None:
    line = json.dumps(values).encode()
    broadcast.members.pop(number, None)
    broadcast.outcomes[number] = line
    broadcast.untold.append(line)
    state.graph.size += len(line)
    if broadcast.is_kept:
        state.journal.put(_OUTCOME, _key(broadcast, number), line)


def _told(state: State, broadcast: Broadcast, result: bytes | None) -> str | None:
    """Return a result as it is told; None if it is too large, or all are."""
    if result is None or broadcast.size + len(result) > _LARGEST_SUM:
        return None
    if state.graph.size + len(result) > LARGEST_OF_ALL:
        return None
    broadcast.size += len(result)
    return _text(result)


def _who(job: Job) -> tuple[str | None, str | None]:
    """Return the id and the host of who ran a job, or else of whom it was for."""
    peer = job.worker
    if peer is not None:
        name = None if peer.client_id == b"-" else _text(peer.client_id)
        return name, _text(peer.address)
    addressee = addressee_of(job.flow_key)
    if addressee.startswith(WORKER):
        return _text(addressee.removeprefix(WORKER)), None
    if addressee.startswith(HOST):
        return None, _text(addressee.removeprefix(HOST))
    return None, _text(addressee.partition(b" ")[2]) or None


def _error(job: Job) -> bytes:
    failures = job.failures
    error = b"" if failures is None else failures.error or failures.reason
    return error[:_LARGEST_ERROR]


def forget(state: State, broadcast: Broadcast) -> None:
    """Forget what the jobs of a broadcast came to: it has ended."""
    for number, line in broadcast.outcomes.items():
        state.graph.size -= len(line)
        if broadcast.is_kept:
            state.journal.remove(_OUTCOME, _key(broadcast, number))
    broadcast.outcomes = {}
    broadcast.untold = []


def restore(state: State, entries: list[Entry]) -> None:
    """Take back what the jobs of broadcasts came to in an earlier life."""
    by_number = {
        b"%d" % batch.broadcast.number: batch.broadcast
        for batch in state.graph.batches.values()
        if batch.broadcast is not None
    }
    for entry in entries:
        if entry.kind != _OUTCOME:
            continue
        first, _, second = entry.key.partition(b"/")
        broadcast = by_number.get(first)
        if broadcast is None or not second.lstrip(b"-").isdigit():
            state.journal.remove(_OUTCOME, entry.key)
            continue
        broadcast.outcomes[int(second)] = entry.value
        broadcast.size += len(entry.value)
        state.graph.size += len(entry.value)


def _key(broadcast: Broadcast, number: int) -> bytes:
    return b"%d/%d" % (broadcast.number, number)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
