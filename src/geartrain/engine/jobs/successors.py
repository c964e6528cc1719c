"""Jobs that wait for others: how they begin to wait, and what lets them go.

A job that waits is delayed until ``NEVER``; so memory, windows and stores treat it like
any delayed job, and nothing of it but its entry in the ``Graph`` is in memory where the
store has it. It is let go as an operator's *run now* would do it.
"""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote_from_bytes

from geartrain.engine.jobs import broadcasts
from geartrain.engine.jobs.relays import relay
from geartrain.engine.jobs.steering import Cancel, Place, hand
from geartrain.engine.model.graph import BATCH, NEVER, SourceEnd, Successor
from geartrain.engine.model.jobs import TENTATIVE, Job
from geartrain.engine.records import JobRecord
from geartrain.engine.state.graph import let_go, note_job, progress
from geartrain.engine.state.kept_graph import keep_successor
from geartrain.engine.state.source_ends import tell_some
from geartrain.engine.state.state import State
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import NO_MORE, encode
from geartrain.texts import quoted, shown

__all__ = ["document", "let_some_go", "link"]

# Successors that are let go in one turn, and the bytes after which no more are: a few
# milliseconds.
_MOST: Final = 50
_LARGEST: Final = 512 * 1024
_WORK: Final = 30
# Clients are told of progress when it is a thousandth more.
_STEPS: Final = 1000


def link(state: State, job: Job, successor: Successor) -> None:
    """Count a job that was just admitted in its batch, and let it wait for others."""
    if successor.batch:
        note_job(state, job, successor.batch)
    if not successor.is_blocked():
        return
    successor.number, successor.handle = job.number, job.handle
    successor.function, successor.priority = job.function.name, job.priority
    successor.queue_key = job.queue_key
    successor.is_kept = job.batch != 0
    state.graph.add(successor)
    keep_successor(state, successor)


def let_some_go(state: State) -> None:
    """Let go of some successors that wait no more, the earliest first.

    One that is cancelled may be what others wait for: these follow.
    """
    tell_some(state)
    ready = state.graph.ready
    size = 0
    for _ in range(_MOST):
        if not ready or size > _LARGEST:
            break
        successor = ready.pop(next(iter(ready)))
        size += successor.size()
        state.turns.work += _WORK
        if successor.is_broadcast:
            broadcasts.end(state, successor)
        elif successor.verdict:
            _end(state, successor)
        else:
            _let_go(state, successor)
    recalled = state.graph.recalled
    while recalled:
        broadcast = recalled.pop(next(iter(recalled)))
        state.turns.start(broadcasts.recall(state, broadcast))
    moved = state.graph.moved
    for number in list(moved)[:_MOST]:
        _tell(state, moved.pop(number))


def _tell(state: State, successor: Successor) -> None:
    """Tell the clients of a job that waits how far the others are."""
    job = state.jobs.get(successor.handle)
    if job is None or not job.is_awaited() or not successor.is_blocked():
        return
    if successor.is_broadcast:
        broadcasts.tell(state, job)
    done, total = progress(state, successor)
    told = done * _STEPS // total
    if told > successor.told:
        state.turns.work += _WORK
        successor.told = told
        arguments = b"%b\0%d\0%d" % (job.handle, done, total)
        relay(state, job, encode(PacketType.WORK_STATUS, arguments), NO_MORE)


def _end(state: State, successor: Successor) -> None:
    """Cancel a job that is never to run."""
    state.warn(
        "successor_cancelled",
        f"{shown(successor.handle)} of {quoted(successor.function)} is cancelled: "
        f"{successor.verdict}",
        successor.function,
        successor.handle,
    )
    job = state.jobs.get(successor.handle)
    if job is None:
        Cancel().obey_kept(state, _record(successor))
    else:
        Cancel().obey(state, job)


def _let_go(state: State, successor: Successor) -> None:
    """Let a job run, with what its sources came to if it is to be handed that."""
    graph = state.graph
    if successor.is_handed:
        graph.size -= successor.size()
        successor.hand(document(successor))
        graph.size += successor.size()
        keep_successor(state, successor)
    else:
        let_go(state, successor)
    job = state.jobs.get(successor.handle)
    if job is None:
        Place(is_now=True).obey_kept(state, _record(successor))
    elif job.state is TENTATIVE:
        # It goes where it belongs once the store has said that it is no twin.
        job.due = state.server_time()
        if successor.workload:
            hand(state, job, successor.workload)
        state.journal.move(job)
    else:
        Place(is_now=True, workload=successor.workload).obey(state, job)


def _record(successor: Successor) -> JobRecord:
    """Return what a store has of a successor, as far as it takes to steer it."""
    record = JobRecord(successor.number, successor.handle, successor.function)
    record.priority = successor.priority
    record.queue_key = successor.queue_key
    record.due, record.is_steady = NEVER, True
    if successor.batch:
        record.options = b"batch=" + quote_from_bytes(successor.batch, safe="").encode()
    return record


def document(successor: Successor) -> bytes:
    """Return the workload made of what a successor's sources came to.

    After one job it is that job's result, else JSON.
    """
    outcomes = successor.outcomes
    if len(outcomes) == 1 and not outcomes[0].source.startswith(BATCH):
        return outcomes[0].result or b""
    return json.dumps([_told(each) for each in outcomes]).encode()


def _told(outcome: SourceEnd) -> dict[str, object]:
    if outcome.source.startswith(BATCH):
        total, succeeded, failed = outcome.counts
        return {
            "batch": _text(outcome.source.removeprefix(BATCH)),
            "outcome": _text(outcome.outcome),
            "total": total,
            "succeeded": succeeded,
            "failed": failed,
        }
    result = outcome.result
    return {
        "handle": _text(outcome.source),
        "function": _text(outcome.function),
        "unique": _text(outcome.unique),
        "outcome": _text(outcome.outcome),
        "result": None if result is None else _text(result),
    }


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
