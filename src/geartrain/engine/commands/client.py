"""Packets of clients: submitting jobs and asking for their status."""

from __future__ import annotations

import re
from typing import Final

from geartrain.engine.commands.common import send_error
from geartrain.engine.functions import Function
from geartrain.engine.jobs import RUNNING, Job
from geartrain.engine.peers import Peer
from geartrain.engine.schedules import Schedule
from geartrain.engine.state import State
from geartrain.engine.submissions import admit, coalescing_key, start
from geartrain.protocol.constants import MAX_UNIQUE, PacketType, Priority
from geartrain.protocol.packets import Packet, encode

__all__ = [
    "get_status",
    "get_status_unique",
    "submit_job",
    "submit_job_bg",
    "submit_job_epoch",
    "submit_job_high",
    "submit_job_high_bg",
    "submit_job_low",
    "submit_job_low_bg",
    "submit_job_sched",
    "submit_reduce_job",
    "submit_reduce_job_background",
]

_HIGH: Final = int(Priority.HIGH)
_NORMAL: Final = int(Priority.NORMAL)
_LOW: Final = int(Priority.LOW)
_JOB_CREATED: Final = int(PacketType.JOB_CREATED)

# Seconds since 1970, to the millisecond or finer where the client likes, up to
# the year 9999.
_EPOCH: Final = re.compile(rb"-?[0-9]{1,20}(\.[0-9]{1,9})?")
_LAST_EPOCH: Final = 253402300799.0


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
    due = _epoch(packet.arguments[2])
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
    due: float = 0.0,
) -> None:
    """Have a job admitted, and answer before it can be run."""
    arguments = packet.arguments
    unique = arguments[1]
    if not _is_acceptable(peer, unique):
        return
    function = state.function(arguments[0])
    submitted = Job(function, unique, arguments[-1], packet.more, priority)
    submitted.reducer = reducer
    submitted.due = due
    job = admit(state, submitted, background)
    if job is None:
        send_error(peer, b"QUEUE_ERROR", b"Job queue is full")
        return
    if background:
        state.journal.hold(job, peer)
    else:
        state.attach(job, peer)
    peer.send(encode(_JOB_CREATED, job.handle))
    start(state, job)


def _is_acceptable(peer: Peer, unique: bytes) -> bool:
    """Tell whether a unique or a reducer is short enough; answer if it is not."""
    if len(unique) <= MAX_UNIQUE:
        return True
    send_error(peer, b"ARGUMENT_TOO_LARGE", b"Unique value too large")
    return False


def _epoch(text: bytes) -> float | None:
    """Read a time in seconds since 1970; an empty one is now, as for gearmand."""
    if not text:
        return 0.0
    if _EPOCH.fullmatch(text) is None:
        return None
    when = float(text)
    return when if when <= _LAST_EPOCH else None


def submit_job_sched(state: State, peer: Peer, packet: Packet) -> None:
    """Submit a job in the background whenever its five fields match the time.

    PROTOCOL, "SUBMIT_JOB_SCHED". The answer's handle is the schedule's: GET_STATUS
    knows it and ``cancel job`` ends it. Function and unique name the schedule, so
    that submitting it again changes it instead of adding another.
    """
    name, unique = packet.arguments[0], packet.arguments[1]
    if not _is_acceptable(peer, unique):
        return
    fields = packet.arguments[2:7]
    try:
        due = state.calendar(fields, state.wall_time())
    except ValueError as error:
        send_error(peer, b"INVALID_ARGUMENT", str(error).encode())
        return
    key = coalescing_key(unique, packet.arguments[7], packet.more)
    schedule = _schedule(state, state.function(name), unique, key)
    schedule.workload = packet.arguments[7]
    schedule.more = packet.more
    schedule.fields = fields
    schedule.due = due
    state.alarms.set(schedule, due)
    peer.send(encode(_JOB_CREATED, schedule.handle))


def _schedule(state: State, function: Function, unique: bytes, key: bytes) -> Schedule:
    """Return the schedule of this identity with no alarm set, new or known."""
    if key:
        for known in state.schedules.values():
            if known.function is function and known.key == key:
                state.alarms.cancel(known)
                return known
    handle = state.handle(state.new_number())
    schedule = Schedule(handle, function, unique)
    schedule.key = key
    state.schedules[schedule.handle] = schedule
    return schedule


def get_status(state: State, peer: Peer, packet: Packet) -> None:
    """Tell whether a job is known, whether it runs, and how far it is."""
    handle = packet.arguments[0]
    job = state.jobs.get(handle)
    if job is not None:
        report = _progress(job)
    elif handle in state.schedules:
        report = b"\x001\x000\x000\x000"
    else:
        report = b"\x000\x000\x000\x000"
    peer.send(encode(PacketType.STATUS_RES, handle + report))


def get_status_unique(state: State, peer: Peer, packet: Packet) -> None:
    """Do the same by unique, of whatever function; the first that has it."""
    unique = packet.arguments[0]
    report = b"\x000\x000\x000\x000\x000"
    if unique:
        for function in state.functions.values():
            job = function.keyed.get(unique)
            if job is not None:
                clients = str(len(job.clients)).encode()
                report = _progress(job) + b"\0" + clients
                break
    peer.send(encode(PacketType.STATUS_RES_UNIQUE, unique + report))


def _progress(job: Job) -> bytes:
    running = b"1" if job.state is RUNNING else b"0"
    return b"\0".join(
        (b"", b"1", running, _number(job.numerator), _number(job.denominator))
    )


def _number(text: bytes) -> bytes:
    """Return the digits a WORK_STATUS argument begins with, or 0."""
    digits = len(text) - len(text.lstrip(b"0123456789"))
    return text[:digits].lstrip(b"0") or b"0"
