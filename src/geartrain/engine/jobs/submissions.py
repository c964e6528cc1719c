"""Submissions: how what was submitted becomes a job of its own or joins one."""

from __future__ import annotations

import hashlib
from typing import Final

from geartrain.engine.jobs.life import move
from geartrain.engine.jobs.overflow import excess, make_room
from geartrain.engine.jobs.placing import place, wait
from geartrain.engine.jobs.replacing import replace
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import (
    MOST_JOINED,
    PAGED,
    RUNNING,
    SUBMITTED,
    TENTATIVE,
    Job,
)
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import AGAIN, FOLLOWING, JOIN, REPLACE
from geartrain.engine.model.submission_options import SubmissionOptions
from geartrain.engine.state import flow_keys, functions, graph, quotas
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_job, count_submission
from geartrain.texts import quoted

__all__ = [
    "admit",
    "attach",
    "coalescing_key",
    "is_certain",
    "is_same",
    "joinable",
    "refusal",
    "start",
    "take_options",
]

# A workload up to this size is digested as a whole; of a larger one as much of each end
# goes into its key.
_WHOLE: Final = 128 * 1024
_SAMPLE: Final = 64 * 1024


def joinable(
    function: Function, key: bytes, submitted: Job, dedupe: str = JOIN
) -> Job | None:
    """Return the job in memory that a submission with this key joins, if any.

    One that runs may have read what has changed since: by ``again`` and ``replace``
    only one that waits is joined.
    """
    job = function.keyed.get(key) if key else None
    if job is not None and submitted.unique == b"-" and not _is_twin(job, submitted):
        return None
    if job is not None and job.state is RUNNING and dedupe in FOLLOWING:
        elder = function.elders.get(key)
        return None if elder is job else elder
    return job


def take_options(state: State, submitted: Job, options: SubmissionOptions) -> None:
    """Give a job that is about to be submitted what its options ask for."""
    submitted.flow_key = options.key
    submitted.options = options.kept
    if options.priority >= 0:
        submitted.priority = options.priority
    if options.at >= 0:
        submitted.due, submitted.is_steady = options.at, False
    elif options.delay > 0:
        submitted.due, submitted.is_steady = state.server_time() + options.delay, True


def admit(
    state: State,
    submitted: Job,
    key: bytes,
    joined: Job | None,
    background: bool,
    dedupe: str = JOIN,
) -> Job | None:
    """Return the job that ``submitted`` joins, or itself with a handle.

    ``joined`` is what ``joinable`` returned. Returns None if its function takes no new
    job; ``refusal`` says why. ``start`` is to follow.
    """
    job = joined
    if job is None:
        if refusal(state, submitted):
            count_job(state, submitted, counts.REFUSED)
            return None
        make_room(state, submitted)
        job = submitted
        _name(state, job, key, dedupe)
    elif dedupe == REPLACE:
        replace(state, job, submitted)
    else:
        count_job(state, job, counts.JOINED)
    if background:
        # From now on this job must run, whichever clients leave.
        job.background = True
        if state.journal.keep(job):
            _note_kept(state, job, joined)
        if joined is None and job.record is not None:
            may_join = bool(job.key) and is_certain(job)
            job.record.is_tentative = may_join and _may_be_twin(state, job, dedupe)
    return job


def _note_kept(state: State, job: Job, joined: Job | None) -> None:
    """Have all who count what the store keeps know a job that it is to keep."""
    if job.owner:
        quotas.keep(state, job)
    if joined is not None and state.graph.is_used:
        graph.note_kept(state, job)


def _may_be_twin(state: State, job: Job, dedupe: str) -> bool:
    """Tell whether a job may have to join one that is not in memory.

    The store may have one, and so may another job server that shares the store: that
    runs its own once more, which is as good as a job that follows it.
    """
    if dedupe in FOLLOWING:
        is_first = job.function.twin(job) is None
        return state.is_shared and dedupe == AGAIN and is_first
    return state.is_shared or job.function.paged_count() > 0


def refusal(state: State, submitted: Job) -> bytes:
    """Return why a function takes no new job of its owner; empty if it does.

    One that another job server has given is not new: it was taken there, and may have
    no other worker.
    """
    function = submitted.function
    if functions.policy(state, function).draining and not submitted.is_forwarded:
        return f"{quoted(function.name)} is draining and takes no new jobs".encode()
    if function.is_full(submitted.priority):
        return b"Job queue is full"
    why = excess(state, submitted).encode()
    if not why and submitted.owner:
        why = quotas.excess(state, submitted)
    return why


def _name(state: State, job: Job, key: bytes, dedupe: str) -> None:
    """Give a job its number and handle, and its function's policy."""
    function = job.function
    job.number = state.new_number()
    job.handle = state.handle(job.number)
    job.submitted = state.server_time()
    if function.flow is not None and function.flow.keys is not None:
        flow_keys.enlist(state, job, function.flow.keys)
    elif job.flow_key:
        job.queue_key = flow_keys.queue_key_of(state, job)
    state.remember(job)
    if job.owner:
        quotas.begin(state, job)
    if key:
        known = function.keyed.get(key)
        if known is None or _follows(job, known, dedupe):
            job.key = key
            function.enter_key(job)


def _follows(job: Job, known: Job, dedupe: str) -> bool:
    """Tell whether a job is to run after one with its key.

    Else that is a large workload with the same ends: the new one coalesces with none.
    """
    if known.state is not RUNNING or dedupe not in FOLLOWING:
        return False
    return job.unique != b"-" or _is_twin(known, job)


def is_certain(job: Job) -> bool:
    """Tell whether a job's key alone says which jobs are the same.

    Of a large workload only both ends are in it.
    """
    return job.unique != b"-" or job.size <= _WHOLE


def coalescing_key(unique: bytes, workload: bytes, more: list[bytes]) -> bytes:
    """Return what a submission coalesces by within its function; empty for nothing.

    A unique of ``-`` stands for the workload, and an empty workload is no key.
    """
    if unique != b"-":
        return unique
    if not workload:
        return b""
    # No other key holds a NUL byte: uniques end at one.
    return b"-\0" + _digest([workload, *more])


def _digest(pieces: list[bytes]) -> bytes:
    """Digest a workload; of a large one both ends and the size, however it is cut.

    To digest all of a large workload would keep everybody waiting.
    """
    size = sum(len(piece) for piece in pieces)
    digest = hashlib.blake2b(b"%d" % size, digest_size=32)
    if size <= _WHOLE:
        for piece in pieces:
            digest.update(piece)
    else:
        digest.update(_beginning(pieces))
        digest.update(_end(pieces))
    return digest.digest()


def _beginning(pieces: list[bytes]) -> bytes:
    found = b""
    for piece in pieces:
        found += piece[:_SAMPLE]
        if len(found) >= _SAMPLE:
            break
    return found[:_SAMPLE]


def _end(pieces: list[bytes]) -> bytes:
    found = b""
    for piece in reversed(pieces):
        found = piece[-_SAMPLE:] + found
        if len(found) >= _SAMPLE:
            break
    return found[-_SAMPLE:]


def is_same(pieces: list[bytes], others: list[bytes]) -> bool:
    """Tell whether two workloads in pieces are the same bytes, however they are cut."""
    if sum(len(piece) for piece in pieces) != sum(len(other) for other in others):
        return False
    views = [memoryview(other) for other in others]
    views.reverse()
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            other = views.pop()
            size = min(len(rest), len(other))
            if rest[:size] != other[:size]:
                return False
            rest = rest[size:]
            if size < len(other):
                views.append(other[size:])
    return True


def _is_twin(job: Job, submitted: Job) -> bool:
    """Tell whether two jobs of one key have one workload, large ones byte by byte."""
    pieces = [submitted.workload, *submitted.more]
    if sum(len(piece) for piece in pieces) <= _WHOLE:
        return True
    return is_same([job.workload, *job.more], pieces)


def attach(state: State, job: Job, client: Peer) -> None:
    """Send a job's results to a client, too."""
    times = client.awaited.get(job, 0)
    if times == 0:
        job.add_client(client)
    elif times < MOST_JOINED:
        job.joined += 1
    client.awaited[job] = min(times + 1, MOST_JOINED)
    if job.state is PAGED:
        place(state, job)


def start(state: State, job: Job) -> None:
    """Queue a job just admitted now, or when it is due; leave one that was joined.

    A tentative one waits until the store has said whether it is a job of its own.
    """
    if job.state is not SUBMITTED:
        return
    if job.record is not None and job.record.is_tentative:
        move(state, job, TENTATIVE)
    else:
        count_submission(state, job)
        wait(state, job)
