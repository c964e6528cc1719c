"""Packets of clients that submit jobs."""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands import after, cache, epoch, options, unserved
from geartrain.engine.commands.common import TOO_MANY_FUNCTIONS, send_error
from geartrain.engine.commands.looking_up import is_looked_up
from geartrain.engine.commands.permission import check_function
from geartrain.engine.jobs import addressing, successors
from geartrain.engine.jobs.placing import delay
from geartrain.engine.jobs.submissions import (
    admit,
    attach,
    coalescing_key,
    joinable,
    refusal,
    start,
    take_options,
)
from geartrain.engine.model.access import SUBMIT
from geartrain.engine.model.functions import Function
from geartrain.engine.model.graph import Successor
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import JOIN
from geartrain.engine.model.submission_options import SubmissionOptions
from geartrain.engine.state import functions, limits, quotas
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_refusal
from geartrain.protocol.constants import MAX_UNIQUE, PacketType, Priority
from geartrain.protocol.packets import Packet, encode
from geartrain.protocol.room import FULL

__all__ = [
    "is_admitted",
    "submit_job",
    "submit_job_bg",
    "submit_job_epoch",
    "submit_job_high",
    "submit_job_high_bg",
    "submit_job_low",
    "submit_job_low_bg",
    "submit_reduce_job",
    "submit_reduce_job_background",
]

_HIGH: Final = int(Priority.HIGH)
_NORMAL: Final = int(Priority.NORMAL)
_LOW: Final = int(Priority.LOW)


def submit_job(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a foreground job of normal priority."""
    _submit(state, peer, packet, _NORMAL, background=False)


def submit_job_high(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a foreground job of high priority."""
    _submit(state, peer, packet, _HIGH, background=False)


def submit_job_low(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a foreground job of low priority."""
    _submit(state, peer, packet, _LOW, background=False)


def submit_job_bg(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a background job of normal priority."""
    _submit(state, peer, packet, _NORMAL, background=True)


def submit_job_high_bg(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a background job of high priority."""
    _submit(state, peer, packet, _HIGH, background=True)


def submit_job_low_bg(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a background job of low priority."""
    _submit(state, peer, packet, _LOW, background=True)


def submit_job_epoch(state: State, peer: Peer, packet: Packet) -> None:
    """Keep a background job until its time, which may have passed."""
    due = epoch.read_due(state, packet.arguments[2])
    if due is None:
        send_error(
            peer,
            b"INVALID_ARGUMENT",
            b"The epoch is a number of seconds since 1970, up to the year 9999",
        )
        return
    _submit(state, peer, packet, _NORMAL, background=True, due=due)


def submit_reduce_job(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a foreground job that carries the name of its reducer."""
    reducer = packet.arguments[2]
    if _is_acceptable(peer, reducer):
        _submit(state, peer, packet, _NORMAL, background=False, reducer=reducer)


def submit_reduce_job_background(state: State, peer: Peer, packet: Packet) -> None:
    """Queue a background job that carries the name of its reducer."""
    reducer = packet.arguments[2]
    if _is_acceptable(peer, reducer):
        _submit(state, peer, packet, _NORMAL, background=True, reducer=reducer)


def _submit(
    state: State,
    peer: Peer,
    packet: Packet,
    priority: int,
    background: bool,
    reducer: bytes = b"",
    due: tuple[float, bool] = epoch.AT_ONCE,
) -> None:
    """Make a job of a packet, if it may be submitted, and take it."""
    arguments = packet.arguments
    name, asked = arguments[0], b""
    if peer.options or state.policies.reads_names:
        name, asked = options.split_name(state, peer, name)
    if not is_admitted(state, peer, name, packet):
        return
    wanted = options.read(asked, due[0] > 0) if asked else None
    function = functions.admit(state, name)
    if function is None:
        send_error(peer, b"QUEUE_ERROR", TOO_MANY_FUNCTIONS)
        return
    submitted = Job(function, arguments[1], arguments[-1], packet.more, priority)
    submitted.reducer = reducer
    submitted.headers = peer.headers
    submitted.owner = quotas.owner_of(peer) if peer.usages else b""
    submitted.due, submitted.is_steady = due
    if wanted is not None:
        take_options(state, submitted, wanted)
        if addressing.is_broadcast(wanted):
            if not addressing.broadcast(state, submitted, wanted, background, peer):
                send_error(peer, b"QUEUE_ERROR", refusal(state, submitted))
            return
    if peer.link is not None:
        _take_forwarded(state, peer, submitted)
        return
    _take(state, peer, submitted, wanted, background)


def _take_forwarded(state: State, peer: Peer, submitted: Job) -> None:
    """Admit a job that another job server has given to this one.

    It runs next, as a worker was free for it a moment ago. There it has been delayed
    and joined by its like; here it joins none: the job with its unique might itself
    wait there for this one.
    """
    submitted.is_forwarded = True
    submitted.is_doubled = _shares_store(state, peer)
    submitted.priority = _HIGH
    _admit(state, peer, submitted, b"", False, JOIN, None)


def _shares_store(state: State, peer: Peer) -> bool:
    """Tell whether a link is to a job server that shares the store."""
    link = peer.link
    if link is None or not link.identity:
        return False
    return any(node.identity == link.identity for node in state.health.nodes)


def _take(
    state: State,
    peer: Peer,
    submitted: Job,
    wanted: SubmissionOptions | None,
    background: bool,
) -> None:
    """Admit a job, or the one that it joins, and answer before it can run."""
    function = submitted.function
    is_unserved = not function.workers
    successor = None
    if wanted is not None and (wanted.batch or wanted.after):
        successor = after.find_sources(state, peer, submitted, wanted)
        if successor is None:
            return
    key = _key_of(submitted, successor, background)
    if wanted is not None and wanted.to:
        addressing.address(state, submitted, wanted)
        key = addressing.key_within(submitted, key)
    dedupe = JOIN
    # One of a batch, or that waits for others, only joins.
    if key and successor is None:
        dedupe = _dedupe(state, function, wanted)
    if key and cache.is_answered(state, peer, submitted, key, background, dedupe):
        return
    if is_unserved and unserved.is_refused(state, peer, submitted, background):
        return
    if key and not is_looked_up(state, peer, submitted, key, background, dedupe):
        return
    if wanted is None or not wanted.has_time():
        delay(state, submitted)
    _admit(state, peer, submitted, key, background, dedupe, successor)


def _admit(
    state: State,
    peer: Peer,
    submitted: Job,
    key: bytes,
    background: bool,
    dedupe: str,
    successor: Successor | None,
) -> None:
    joined = joinable(submitted.function, key, submitted, dedupe)
    job = admit(state, submitted, key, joined, background, dedupe)
    if job is None:
        send_error(peer, b"QUEUE_ERROR", refusal(state, submitted))
        return
    if successor is not None and job is submitted:
        successors.link(state, job, successor)
    if background:
        state.journal.hold(job, peer)
    else:
        attach(state, job, peer)
    peer.submissions += 1
    peer.send(encode(PacketType.JOB_CREATED, job.handle))
    if not (background or submitted.function.workers) and peer.without_worker:
        unserved.warn(state, peer, job)
    start(state, job)


def _dedupe(state: State, function: Function, wanted: SubmissionOptions | None) -> str:
    """Return what is done with a job that is there already."""
    own = "" if wanted is None else wanted.dedupe
    return own or functions.policy(state, function).dedupe


def _key_of(submitted: Job, successor: Successor | None, background: bool) -> bytes:
    """Return what a submission coalesces by.

    A client that waits for others to end is told how far these are, and joins no job.
    """
    if successor is not None and not background:
        return b""
    return coalescing_key(submitted.unique, submitted.workload, submitted.more)


def is_admitted(state: State, peer: Peer, name: bytes, packet: Packet) -> bool:
    """Tell whether a peer may submit this, and it may be kept; answer if not."""
    if peer.access is not None:
        check_function(state, peer, SUBMIT, name)
    has_room = _has_room(state, peer, name, packet)
    return has_room and _is_acceptable(peer, packet.arguments[1])


def _has_room(state: State, peer: Peer, name: bytes, packet: Packet) -> bool:
    """Tell whether a job may be taken now; answer if not.

    Nobody must submit more than they may, and there has to be memory for it. A
    large one that has arrived after all, the older packets going before the newer, is
    taken if memory would not be full without it.
    """
    # One whose question the store has answered was counted when it came.
    if peer.usages and not peer.answers:
        too_many = limits.refusal(state, peer)
        if too_many:
            count_refusal(state, name)
            send_error(peer, b"QUEUE_ERROR", too_many)
            return False
    memory = state.memory
    room = memory.room
    if not room.is_full:
        return True
    size = sum(map(len, packet.more))
    if size and room.left + size > memory.limit // 4:
        return True
    room.refused += 1
    count_refusal(state, name)
    send_error(peer, b"QUEUE_ERROR", FULL)
    return False


def _is_acceptable(peer: Peer, unique: bytes) -> bool:
    """Tell whether a unique or a reducer is short enough; answer if it is not."""
    if len(unique) <= MAX_UNIQUE:
        return True
    send_error(peer, b"ARGUMENT_TOO_LARGE", b"Unique value too large")
    return False
