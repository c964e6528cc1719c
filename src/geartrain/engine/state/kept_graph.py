"""How batches, and jobs that wait for others, outlast a restart.

An entry is kept for each batch, and for each job in the store that waits or was handed
a workload. While it waits on, what one of its sources came to is a small entry beside
it: a hundred jobs that each wait for the same hundred would else be written ten
thousand times as a whole.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from geartrain.engine.kept_entries import BATCH, OUTCOME, SUCCESSOR
from geartrain.engine.model.graph import JobBatch, SourceEnd, Successor
from geartrain.engine.records import Entry
from geartrain.engine.state.state import State
from geartrain.texts import quoted, shown

__all__ = [
    "KeptGraph",
    "drop_batch",
    "drop_end",
    "drop_successor",
    "keep_batch",
    "keep_end",
    "keep_outcome",
    "keep_successor",
    "read_graph",
]

_END: Final = b"source end"


def keep_batch(state: State, batch: JobBatch) -> None:
    """Record a batch, and how many of its jobs end with this life of the job server."""
    if not batch.is_kept:
        return
    values = {
        "total": batch.total,
        "fleeting": batch.fleeting,
        "succeeded": batch.succeeded,
        "failed": batch.failed,
        "dead": batch.dead,
        "began": batch.began,
        "ended": batch.ended,
    }
    if batch.is_broadcast:
        values["to_make"] = batch.to_make
    state.journal.put(BATCH, batch.name, json.dumps(values).encode())


def keep_end(state: State, said: SourceEnd) -> None:
    """Record what a job came to whose successors are told in turns to come."""
    values = _outcome_values(said)
    state.journal.put(_END, said.source, json.dumps(values).encode())


def drop_end(state: State, source: bytes) -> None:
    """Keep that no more: all have been told."""
    state.journal.remove(_END, source)


def drop_batch(state: State, name: bytes) -> None:
    """Keep a batch no more."""
    state.journal.remove(BATCH, name)


def keep_successor(state: State, successor: Successor) -> None:
    """Record a successor, if its job is a store's."""
    if not successor.is_kept:
        return
    values = {
        "handle": _text(successor.handle),
        "when": successor.when,
        "function": _text(successor.function),
        "priority": successor.priority,
        "queue_key": _text(successor.queue_key),
        "batch": _text(successor.batch),
        "is_handed": successor.is_handed,
        "is_broadcast": successor.is_broadcast,
        "options": _text(successor.options),
        "sources": [_text(source) for source in successor.sources],
        "verdict": successor.verdict,
        "workload": b64encode(successor.workload).decode(),
        "outcomes": [_outcome_values(each) for each in successor.outcomes],
    }
    fleeting = [_text(each) for each in successor.sources if _is_fleeting(state, each)]
    if fleeting:
        values["fleeting"] = fleeting
    key = b"%d" % successor.number
    state.journal.put(SUCCESSOR, key, json.dumps(values).encode())
    _drop_parts(state, successor)


def _is_fleeting(state: State, source: bytes) -> bool:
    """Tell whether a source is a job that ends with this life of the job server."""
    job = state.jobs.get(source)
    return job is not None and not job.batch


def drop_successor(state: State, successor: Successor) -> None:
    """Keep a successor no more."""
    state.journal.remove(SUCCESSOR, b"%d" % successor.number)
    _drop_parts(state, successor)


def _drop_parts(state: State, successor: Successor) -> None:
    """Keep no outcome of a successor as an entry of its own any more."""
    state.turns.work += successor.parts
    for place in range(successor.parts):
        state.journal.remove(OUTCOME, b"%d.%d" % (successor.number, place))
    successor.parts = 0


def keep_outcome(state: State, successor: Successor) -> None:
    """Record what the latest source came to of a successor that waits on."""
    if not successor.is_kept:
        return
    key = b"%d.%d" % (successor.number, successor.parts)
    values = _outcome_values(successor.outcomes[-1])
    state.journal.put(OUTCOME, key, json.dumps(values).encode())
    successor.parts += 1


def _outcome_values(outcome: SourceEnd) -> list[object]:
    result = outcome.result
    return [
        _text(outcome.source),
        _text(outcome.outcome),
        _text(outcome.function),
        _text(outcome.unique),
        None if result is None else b64encode(result).decode(),
        list(outcome.counts),
    ]


class KeptGraph(NamedTuple):
    """What the store has of it."""

    batches: list[JobBatch]
    successors: list[Successor]
    ended: list[SourceEnd]
    lost: list[tuple[Successor, bytes]]
    """Which successors wait for which jobs that have ended with the job server."""


def read_graph(state: State, entries: list[Entry]) -> KeptGraph:
    """Return what an earlier life has left; what cannot be read is logged."""
    kept = KeptGraph([], [], [], [])
    parts = {entry.key: entry for entry in entries if entry.kind == OUTCOME}
    for entry in entries:
        try:
            if entry.kind == BATCH:
                kept.batches.append(_read_batch(entry))
            elif entry.kind == SUCCESSOR:
                successor = _read_successor(entry)
                _read_parts(successor, parts)
                kept.successors.append(successor)
                kept.lost.extend(_lost_sources(entry, successor))
            elif entry.kind == _END:
                kept.ended.append(_read_outcome(json.loads(entry.value)))
        except (ValueError, LookupError, TypeError) as error:
            _complain(state, entry, error)
    return kept


def _read_batch(entry: Entry) -> JobBatch:
    values = json.loads(entry.value)
    batch = JobBatch(entry.key, float(values["began"]))
    batch.total = int(values["total"])
    batch.succeeded = int(values["succeeded"])
    # Those that ended with the job server have failed.
    batch.failed = int(values["failed"]) + int(values.get("fleeting", 0))
    batch.dead = int(values["dead"])
    batch.ended = float(values["ended"])
    if "to_make" in values:
        batch.is_broadcast = True
        # Its client was told nothing: there will be no more.
        batch.total -= int(values["to_make"])
    return batch


def _read_successor(entry: Entry) -> Successor:
    values: dict[str, Any] = json.loads(entry.value)
    handle = _bytes(values["handle"])
    successor = Successor(int(entry.key), handle, str(values["when"]))
    successor.function = _bytes(values["function"])
    successor.priority = int(values["priority"])
    successor.queue_key = _bytes(values["queue_key"])
    successor.batch = _bytes(values["batch"])
    successor.is_handed = bool(values["is_handed"])
    successor.is_broadcast = bool(values.get("is_broadcast"))
    successor.options = _bytes(values.get("options", ""))
    successor.is_kept = True
    for source in values["sources"]:
        successor.sources[_bytes(source)] = None
    successor.verdict = str(values["verdict"])
    successor.workload = b64decode(values["workload"])
    for outcome in values["outcomes"]:
        successor.add(_read_outcome(outcome))
    return successor


def _lost_sources(
    entry: Entry, successor: Successor
) -> Iterator[tuple[Successor, bytes]]:
    """Yield what a successor waits for that has ended with the job server."""
    for text in json.loads(entry.value).get("fleeting", ()):
        source = _bytes(text)
        if source in successor.sources:
            yield successor, source


def _read_outcome(values: list[Any]) -> SourceEnd:
    source, outcome, function, unique, result, counts = values
    said = SourceEnd(_bytes(source), _bytes(outcome))
    said.function, said.unique = _bytes(function), _bytes(unique)
    said.result = None if result is None else b64decode(result)
    total, succeeded, failed = counts
    said.counts = (int(total), int(succeeded), int(failed))
    return said


def _read_parts(successor: Successor, parts: dict[bytes, Entry]) -> None:
    """Let a successor know of the ends that were recorded since it was, in order."""
    key = b"%d.0" % successor.number
    while key in parts:
        said = _read_outcome(json.loads(parts.pop(key).value))
        successor.sources.pop(said.source, None)
        successor.add(said)
        successor.parts += 1
        key = b"%d.%d" % (successor.number, successor.parts)


def _complain(state: State, entry: Entry, error: Exception) -> None:
    state.warn(
        "entry_unreadable",
        f"what the store has of {shown(entry.kind)} {quoted(entry.key)} cannot be "
        f"read: {type(error).__name__}: {error}",
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
