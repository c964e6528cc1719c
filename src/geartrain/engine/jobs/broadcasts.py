"""Broadcasts: how their jobs are made, and how they end with what these came to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote_from_bytes

from geartrain.engine.jobs import failures, results
from geartrain.engine.jobs.ending import finish
from geartrain.engine.jobs.paging import restore
from geartrain.engine.jobs.relays import relay
from geartrain.engine.jobs.submissions import admit, refusal, start
from geartrain.engine.model import counts
from geartrain.engine.model.addressees import flow_key_of
from geartrain.engine.model.broadcasts import Broadcast
from geartrain.engine.model.graph import NEVER, Successor
from geartrain.engine.model.jobs import FINISHED, RUNNING, Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.records import Failures, JobRecord
from geartrain.engine.results import FAILED, SUCCEEDED
from geartrain.engine.state import functions, graph
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import NO_MORE, encode

__all__ = ["end", "make", "recall", "tell"]

# Units of work, as ``turns`` counts it, of a job that is made, and of one cancelled.
_MADE: Final = 15
_RECALLED: Final = 10


def make(
    state: State,
    whole: Job,
    addressees: list[bytes],
    kept: bytes,
    submitter: Peer | None,
    due: tuple[float, bool],
) -> Iterator[None]:
    """Make the jobs of a broadcast, one a step; answer its submitter, if it has one.

    They have the options ``kept``. It stops when the broadcast has ended meanwhile,
    because its client left.
    """
    last = whole
    batch = b"batch=" + quote_from_bytes(whole.handle, safe="").encode()
    options = kept + b"&" + batch if kept else batch
    for addressee in addressees:
        if whole.state is FINISHED:
            break
        state.turns.work += _MADE
        last = _make_one(state, whole, addressee, options, due) or last
        yield
    if submitter is None:
        return
    if whole.background:
        state.journal.hold(last, submitter)
        submitter.send(encode(PacketType.JOB_CREATED, whole.handle))
    submitter.relays -= 1
    state.turns.add(submitter)


def _make_one(
    state: State, whole: Job, addressee: bytes, options: bytes, due: tuple[float, bool]
) -> Job | None:
    """Make one job of a broadcast; None if its function takes no more."""
    job = Job(whole.function, whole.unique, whole.workload, whole.more, whole.priority)
    job.headers, job.reducer, job.owner = whole.headers, whole.reducer, whole.owner
    job.options = options
    job.due, job.is_steady = due
    job.flow_key = flow_key_of(addressee)
    if admit(state, job, b"", None, whole.background) is None:
        graph.refuse_member(state, whole.handle, job, refusal(state, job))
        return None
    graph.note_job(state, job, whole.handle)
    start(state, job)
    return job


def tell(state: State, whole: Job) -> None:
    """Tell the clients of a broadcast what its latest jobs came to, a line for each."""
    batch = state.graph.batches.get(whole.handle)
    broadcast = None if batch is None else batch.broadcast
    if broadcast is None:
        return
    untold, broadcast.untold = broadcast.untold, []
    if untold and whole.is_awaited():
        lines = b"".join(line + b"\n" for line in untold)
        data = encode(PacketType.WORK_DATA, whole.handle + b"\0" + lines)
        relay(state, whole, data, NO_MORE)


def end(state: State, successor: Successor) -> None:
    """End a broadcast whose jobs have all ended, with what they came to."""
    batch = state.graph.batches.get(successor.handle)
    broadcast = None if batch is None else batch.broadcast
    whole = state.jobs.get(successor.handle)
    if whole is None:
        whole = restore(state, _record(successor))
    tell(state, whole)
    lines = [] if broadcast is None else list(broadcast.outcomes.values())
    told = b"[" + b", ".join(lines) + b"]"
    if batch is not None and not (batch.failed or batch.dead):
        _succeed(state, whole, told)
    else:
        _fail(state, whole, told)


def _record(successor: Successor) -> JobRecord:
    """Return what a store has of a broadcast, as far as it takes to end it."""
    record = JobRecord(successor.number, successor.handle, successor.function)
    record.priority = successor.priority
    record.options = successor.options
    record.due, record.is_steady = NEVER, True
    return record


def _succeed(state: State, whole: Job, told: bytes) -> None:
    arguments = whole.handle + b"\0" + told
    relay(state, whole, encode(PacketType.WORK_COMPLETE, arguments), NO_MORE)
    results.collect(state, whole, functions.policy(state, whole.function))
    results.succeed(state, whole, told, NO_MORE)
    results.discard(state, whole)
    count(state, whole.function, counts.SUCCEEDED)
    finish(state, whole, SUCCEEDED, len(told))


def _fail(state: State, whole: Job, told: bytes) -> None:
    arguments = whole.handle + b"\0" + told
    exception = encode(PacketType.WORK_EXCEPTION, arguments)
    failure = encode(PacketType.WORK_FAIL, whole.handle)
    relay(state, whole, exception, NO_MORE, None, failure)
    whole.failures = Failures()
    whole.failures.reason, whole.failures.error = b"exception", told
    state.memory.jobs += len(told)
    results.fail(state, whole, FAILED)
    count(state, whole.function, counts.FAILED)
    finish(state, whole, FAILED)


def recall(state: State, broadcast: Broadcast) -> Iterator[None]:
    """End what is left of a broadcast that was cancelled, or whose client left.

    In the foreground what runs may finish, as of any job whose client left.
    """
    for number in list(broadcast.members):
        state.turns.work += _RECALLED
        job = state.jobs.get(state.handle(number))
        if job is None:
            pass
        elif job.background:
            failures.cancel(state, job)
        elif job.state is not RUNNING:
            failures.abandon(state, job)
        yield
