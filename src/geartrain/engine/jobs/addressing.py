"""Submissions that are for one worker, for one of a host, or for each of them all.

PROTOCOL, "Everyone and one".
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.dispatch.addressees import connection_of
from geartrain.engine.jobs import broadcasts, successors
from geartrain.engine.jobs.placing import delay
from geartrain.engine.jobs.submissions import admit, attach, start
from geartrain.engine.model import counts
from geartrain.engine.model.addressees import EVERYONE, HOST, HOSTS, WORKER, flow_key_of
from geartrain.engine.model.functions import Function
from geartrain.engine.model.graph import BATCH, DONE, NEVER, Successor
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.submission_options import SubmissionOptions
from geartrain.engine.state import functions
from geartrain.engine.state.graph import begin_broadcast, may_begin
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count
from geartrain.errors import PacketError
from geartrain.protocol.constants import NO_WORKER, PacketType
from geartrain.protocol.packets import encode
from geartrain.texts import quoted, shown

__all__ = ["address", "broadcast", "is_broadcast", "key_within"]

# The jobs of one broadcast: making them takes a tenth of a second.
_MOST: Final = 10_000
# Bytes of the workloads of all of them: each is kept and sent by itself.
_LARGEST: Final = 256 * 1024 * 1024


def is_broadcast(wanted: SubmissionOptions) -> bool:
    """Tell whether a submission is for each worker, or for each host."""
    return wanted.to in (EVERYONE, HOSTS)


def address(state: State, submitted: Job, wanted: SubmissionOptions) -> None:
    """Let nobody but its addressee have a job that is about to be submitted.

    Raises:
        PacketError: it cannot be for one worker alone, or that is not connected and
            nothing says how long the job may wait for it.
    """
    if wanted.key:
        raise _refusal(
            "to and key: a job for one worker waits for that alone, so leave out key"
        )
    submitted.flow_key = flow_key_of(wanted.to)
    function = submitted.function
    is_patient = wanted.ttl >= 0 or functions.policy(state, function).ttl > 0
    if is_patient or wanted.has_time() or wanted.after:
        return
    if not state.wakeups.addressees.is_present(wanted.to, function):
        raise _nobody(
            state,
            function,
            f"no worker that is connected now and has {quoted(function.name)} is"
            f" {shown(wanted.to)}: give ttl to wait for one{_elsewhere(function)}",
        )


def key_within(submitted: Job, key: bytes) -> bytes:
    """Return what a job coalesces by: one for a worker only with others for it."""
    return key + submitted.flow_key if key else b""


def broadcast(
    state: State,
    submitted: Job,
    wanted: SubmissionOptions,
    background: bool,
    submitter: Peer | None = None,
) -> Job | None:
    """Make a job for each worker, or for each host, that a function has now.

    Returns the whole of them; None if its function takes no more, as ``refusal`` says.
    It answers a submitter if there is one; the jobs of a schedule have none.

    Raises:
        PacketError: it has none, or what is asked for does not go together.
    """
    _check(state, submitted, wanted)
    addressees = _addressees(state, submitted, wanted.to == HOSTS)
    if not wanted.has_time():
        delay(state, submitted)
    due = (submitted.due, submitted.is_steady)
    submitted.due, submitted.is_steady = NEVER, True
    kept, asked = submitted.options, b"to=" + wanted.to
    submitted.options = kept + b"&" + asked if kept else asked
    job = admit(state, submitted, b"", None, background)
    if job is None:
        return None
    begin_broadcast(state, job, len(addressees))
    successor = Successor(0, b"", DONE)
    successor.is_broadcast = True
    successor.options = job.options
    successor.sources[BATCH + job.handle] = None
    successors.link(state, job, successor)
    if submitter is not None:
        _follow(state, job, submitter)
    start(state, job)
    making = broadcasts.make(state, job, addressees, kept, submitter, due)
    state.turns.start(making)
    return job


def _follow(state: State, job: Job, submitter: Peer) -> None:
    """Answer the client of a broadcast, but for one that is to be made durable."""
    submitter.submissions += 1
    submitter.relays += 1
    if not job.background:
        attach(state, job, submitter)
        submitter.send(encode(PacketType.JOB_CREATED, job.handle))


def _check(state: State, submitted: Job, wanted: SubmissionOptions) -> None:
    """Refuse options that a broadcast cannot have."""
    given = {
        "key": bool(wanted.key),
        "batch": bool(wanted.batch),
        "after": bool(wanted.after),
        "dedupe": bool(wanted.dedupe),
    }
    for name, is_given in given.items():
        if is_given:
            raise _refusal(
                f"to and {name}: what is for all workers is a batch of its own, and"
                f" joins nothing, so leave out {name}"
            )
    if not may_begin(state, submitted.handle):
        raise _refusal("there are too many batches that have not ended")


def _addressees(state: State, submitted: Job, is_by_host: bool) -> list[bytes]:
    """Return whom the jobs of a broadcast are for."""
    function = submitted.function
    state.turns.work += len(function.workers) >> 2
    found: dict[bytes, None] = {}
    # A node stands for workers of another job server, which that one knows.
    here = [peer for peer in function.workers if peer.node is None]
    for peer in here:
        found[HOST + peer.address if is_by_host else _addressee(state, peer)] = None
    if not found:
        text = f"no worker has {quoted(function.name)} now{_elsewhere(function)}"
        raise _nobody(state, function, text)
    if len(found) > _MOST:
        raise _refusal(f"a broadcast is for {_MOST} at most, not for {len(found)}")
    if len(found) * submitted.size > _LARGEST:
        raise _refusal(
            f"{len(found)} workloads of {submitted.size} bytes are more than"
            f" {_LARGEST} bytes: send where it can be fetched from instead"
        )
    return list(found)


def _addressee(state: State, peer: Peer) -> bytes:
    """Return what a worker alone is addressed by.

    That is its id, by which it is known again when it reconnects, if it has one that no
    other has.
    """
    addressees = state.wakeups.addressees
    name = WORKER + peer.client_id
    if list(addressees.workers(name)) == [peer]:
        return name
    if not peer.mailbox:
        peer.mailbox = state.new_number()
        addressees.enter(peer)
    return connection_of(peer)


def _elsewhere(function: Function) -> str:
    """Return where workers are that cannot be addressed here; empty for none."""
    names = [each.node.name for each in function.workers if each.node is not None]
    if not names:
        return ""
    return (
        f"; node {quoted(names[0])} has some, to whom only that job server can address"
        " jobs"
    )


def _nobody(state: State, function: Function, text: str) -> PacketError:
    count(state, function, counts.REFUSED)
    return PacketError(NO_WORKER, text.encode("utf-8", "surrogateescape"))


def _refusal(text: str) -> PacketError:
    return PacketError(b"INVALID_ARGUMENT", text.encode("utf-8", "surrogateescape"))
