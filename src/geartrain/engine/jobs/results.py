"""Results: how they are collected, kept and dropped, and who waits for them.

A worker's WORK_DATA and WORK_COMPLETE are collected while its attempt runs, and go to
the store in the batch that ends the job: after a crash either the job runs again, or
its result is there.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.durable.gathering import Gathering
from geartrain.engine.model.collected import Collected
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.waits import ResultWait
from geartrain.engine.results import (
    SUCCEEDED,
    JobEnd,
    ResultRecord,
    result_cost,
)
from geartrain.engine.state import functions, terms
from geartrain.engine.state.graph import is_member, note_result
from geartrain.engine.state.state import State
from geartrain.texts import counted, quoted, shown

__all__ = [
    "add",
    "collect",
    "discard",
    "end_wait",
    "expect",
    "expire_results",
    "fail",
    "leave",
    "resume_expiry",
    "settle_results",
    "succeed",
    "wait_for",
    "wake",
]

# Seconds between two times that the store is asked to drop what has expired: so what
# expires in the same second goes at once.
_PAUSE: Final = 1.0
# The same while more has expired than one batch drops.
_SHORT_PAUSE: Final = 0.01


def collect(state: State, job: Job, policy: Policy) -> None:
    """Begin to collect the result of an attempt that begins, if somebody may want it.

    Who waited before it began gets the result even where the policy keeps none.
    """
    is_kept = terms.result_ttl(state, job) > 0 or policy.cache_ttl > 0
    is_wanted = job.handle in state.result_waits or job.handle in state.graph.waiting
    if is_kept or is_wanted or is_member(state, job):
        job.collected = Collected(policy.result_size)
    elif policy.dedupe_window > 0 and job.key:
        # That it has succeeded is all that ``dedupe`` has to know.
        job.collected = Collected(0, is_kept=False)


def add(state: State, job: Job, first: bytes, more: list[bytes]) -> None:
    """Collect data that a job's worker sent."""
    collected = job.collected
    assert collected is not None
    state.memory.jobs += collected.add(first, more)


def discard(state: State, job: Job) -> None:
    """Forget what an attempt sent that has ended."""
    collected, job.collected = job.collected, None
    if collected is not None:
        state.memory.jobs -= collected.held


def succeed(state: State, job: Job, first: bytes, more: list[bytes]) -> None:
    """Keep the result of a job that is about to end well, and tell who waits."""
    collected = job.collected
    record = _record(state, job, SUCCEEDED)
    if collected is not None and collected.is_kept:
        record.data_size = collected.size
        state.memory.jobs += collected.add(first, more)
        record.size = collected.size
        record.is_whole = collected.is_whole()
        record.pieces = collected.pieces
    if state.graph.waiting:
        is_all = collected is None or record.is_whole
        pieces = record.pieces if collected is not None else [first, *more]
        if is_all:
            note_result(state, job, pieces)
    _end(state, job, record)


def fail(state: State, job: Job, outcome: bytes) -> None:
    """Keep how a job ends that has no result, if its policy does, and tell who waits.

    The job is about to end.
    """
    if terms.result_ttl(state, job) > 0 or state.result_waits:
        record = _record(state, job, outcome)
        failures = job.failures
        if failures is not None:
            record.reason = failures.reason
            record.error = failures.error
        _end(state, job, record)


def _record(state: State, job: Job, outcome: bytes) -> ResultRecord:
    record = ResultRecord(job.number, job.handle, job.function.name)
    record.unique = job.unique
    record.key = job.key
    record.outcome = outcome
    record.submitted = job.submitted
    record.ended = state.server_time()
    worker = job.worker
    if worker is not None:
        record.worker = worker.client_id + b" " + worker.address
        record.started = job.started
    elif job.failures is not None:
        record.worker = job.failures.worker
        record.started = job.failures.started
    return record


def _end(state: State, job: Job, record: ResultRecord) -> None:
    """Keep a record if the policy says so, and tell who waits."""
    ttl = _kept_for(state, job, record)
    if ttl > 0 and state.journal.is_on and _has_room(state, record):
        record.expires = record.ended + ttl
        state.journal.keep_result(record)
        state.memory.jobs += result_cost(record)
        expect(state, record.expires)
    if state.result_waits:
        wake(state, job.handle, record)


def _kept_for(state: State, job: Job, record: ResultRecord) -> float:
    """Return the seconds for which a record is kept; 0 for not at all.

    What may answer later submissions is kept even if nobody submitted the job in the
    background.
    """
    ttl = terms.result_ttl(state, job) if job.background else 0.0
    policy = functions.policy(state, job.function)
    if record.is_whole and job.key:
        ttl = max(ttl, policy.cache_ttl)
    if record.outcome == SUCCEEDED and job.key:
        ttl = max(ttl, record.submitted + policy.dedupe_window - record.ended)
    return ttl


def _has_room(state: State, record: ResultRecord) -> bool:
    """Tell whether there is memory for a record, where the store has nothing else."""
    if not (state.is_dead_in_memory() and state.memory.room.is_full):
        return True
    state.warn(
        "result_dropped",
        f"the result of {shown(record.handle)} of {quoted(record.function)} is not "
        "kept: memory is full (--max-memory)",
    )
    return False


def settle_results(state: State, done: Gathering) -> None:
    """React to the end of a commit: what it has is the store's, not memory's."""
    memory = state.memory
    if state.is_dead_in_memory():
        memory.jobs -= done.batch.dropped
    else:
        memory.jobs -= sum(map(result_cost, done.saved))
    if done.given_up:
        memory.jobs -= sum(map(result_cost, done.given_up))
        state.warn(
            "results_dropped",
            f"{len(done.given_up)} results are not kept: the store refuses them",
        )
    if done.batch.untold:
        state.warn(
            "history_dropped",
            f"what became of {counted(done.batch.untold, 'job')} is not kept: the store"
            " has no room",
        )
    if done.batch.next_expiry > 0:
        now = state.server_time()
        is_late = done.batch.next_expiry <= now
        pause = _SHORT_PAUSE if is_late else _PAUSE
        expect(state, max(done.batch.next_expiry, now + pause))


def resume_expiry(state: State, when: float) -> None:
    """Note when the first of the results that a store has kept expires; 0 for none."""
    if when > 0:
        expect(state, when)


def expect(state: State, when: float) -> None:
    """Have the store drop what has expired at a server time, or before if set so."""
    expiry = state.expiry
    if expiry.when > 0:
        if expiry.when <= when:
            return
        state.alarms.cancel(expiry)
    expiry.when = when
    state.alarms.set(expiry, when)


def expire_results(state: State) -> None:
    """Have the store drop results that have expired; it tells when to go on."""
    state.expiry.when = 0.0
    state.journal.drop_results(state.server_time())


def wait_for(state: State, peer: Peer, handle: bytes, seconds: float) -> None:
    """Let a peer's message wait until a job has ended, or for some seconds."""
    wait = ResultWait(peer, handle)
    state.result_waits.setdefault(handle, {})[wait] = None
    state.alarms.set(wait, state.server_time() + seconds)
    peer.wait = wait


def wake(state: State, handle: bytes, record: ResultRecord | None) -> None:
    """Have the messages run again that wait for a job, which has ended.

    They find the record, or without one that nobody knows how it ended.
    """
    waits = state.result_waits.pop(handle, None)
    if waits is None:
        return
    for wait in waits:
        state.alarms.cancel(wait)
        _go_on(state, wait.peer, JobEnd(handle, record, False))


def end_wait(state: State, wait: ResultWait) -> None:
    """Have a message run again that has waited as long as it was to."""
    _forget(state, wait)
    _go_on(state, wait.peer, JobEnd(wait.handle, None, True))


def leave(state: State, peer: Peer) -> None:
    """Let a peer that left wait no more."""
    wait = peer.wait
    if wait is not None:
        state.alarms.cancel(wait)
        _forget(state, wait)
        peer.wait = None


def _forget(state: State, wait: ResultWait) -> None:
    waits = state.result_waits[wait.handle]
    del waits[wait]
    if not waits:
        del state.result_waits[wait.handle]


def _go_on(state: State, peer: Peer, end: JobEnd) -> None:
    """Have the message of a peer that waited run again, in the next turn."""
    peer.wait = None
    peer.answers = [end]
    peer.is_busy = True
    state.turns.add(peer)
