"""Packets of clients: submitting jobs and asking for their status."""

from __future__ import annotations

import re
from typing import Final

from geartrain.engine.commands import cache, unserved
from geartrain.engine.commands.common import TOO_MANY_FUNCTIONS, send_error
from geartrain.engine.commands.permission import check_function
from geartrain.engine.jobs.paging import recall
from geartrain.engine.jobs.recurring import (
    add_schedule,
    keep_schedule,
    next_time,
    set_schedule,
)
from geartrain.engine.jobs.submissions import (
    admit,
    attach,
    coalescing_key,
    joinable,
    refusal,
    start,
)
from geartrain.engine.model.access import SUBMIT
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import RUNNING, Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedules import CALENDAR, Schedule
from geartrain.engine.queries import FindJob, FindKey, Query
from geartrain.engine.records import JobRecord
from geartrain.engine.state import functions, limits, reads
from geartrain.engine.state.memory import schedule_cost
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_refusal
from geartrain.protocol.constants import MAX_UNIQUE, PacketType, Priority
from geartrain.protocol.packets import Packet, encode
from geartrain.protocol.room import FULL

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

# Known or not, running or not, numerator and denominator.
_WAITING: Final = b"\x001\x000\x000\x000"
_UNKNOWN: Final = b"\x000\x000\x000\x000"

# Seconds since 1970, to the millisecond or finer where the client likes, up to
# the year 9999. What may follow is a delay, which counts instead: it needs no clock of
# the client's. C job servers read the number before it.
_EPOCH: Final = re.compile(
    rb"(-?[0-9]{1,20}(?:\.[0-9]{1,9})?)(?:\+([0-9]{1,20}(?:\.[0-9]{1,9})?))?"
)
_LAST_EPOCH: Final = 253402300799.0
# No due time.
_AT_ONCE: Final = (0.0, False)


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
    due = _epoch(state, packet.arguments[2])
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
    due: tuple[float, bool] = _AT_ONCE,
) -> None:
    """Admit a job, and answer before it can run."""
    arguments = packet.arguments
    unique = arguments[1]
    if not _is_admitted(state, peer, packet):
        return
    function = functions.admit(state, arguments[0])
    if function is None:
        send_error(peer, b"QUEUE_ERROR", TOO_MANY_FUNCTIONS)
        return
    is_unserved = not background and not function.workers
    submitted = Job(function, unique, arguments[-1], packet.more, priority)
    submitted.reducer = reducer
    submitted.headers = peer.headers
    submitted.due, submitted.is_steady = due
    key = coalescing_key(unique, submitted.workload, submitted.more)
    if key and cache.is_answered(state, peer, submitted, key, background):
        return
    if is_unserved and unserved.is_refused(state, peer, function):
        return
    if key and not background and not _is_looked_up(state, peer, submitted, key):
        return
    joined = joinable(function, key, submitted)
    job = admit(state, submitted, key, joined, background)
    if job is None:
        send_error(peer, b"QUEUE_ERROR", refusal(state, submitted))
        return
    if background:
        state.journal.hold(job, peer)
    else:
        attach(state, job, peer)
    peer.submissions += 1
    peer.send(encode(PacketType.JOB_CREATED, job.handle))
    if is_unserved and peer.without_worker:
        unserved.warn(state, peer, job)
    start(state, job)


def _is_looked_up(state: State, peer: Peer, submitted: Job, key: bytes) -> bool:
    """Bring the job that a foreground submission joins into memory, if there is one.

    Returns False if the store has to be asked first, or could not say.
    """
    function = submitted.function
    answers = peer.take_answers()
    if _is_error(peer, answers):
        reads.end(state, peer)
        return False
    for answer in answers:
        if isinstance(answer, FindKey) and answer.record is not None:
            if not _is_recalled(state, peer, answer.record):
                return False
        elif isinstance(answer, FindJob):
            reads.end(state, peer)
            if answer.record is None:
                # It has ended since: another may have its key now.
                answers = []
            else:
                recall(state, answer.record)
    known = function.keyed.get(key)
    if known is None:
        is_known = bool(answers) or function.paged_count() == 0
    else:
        # One that is tentative may turn out to be another's twin.
        is_known = known.record is None or not known.record.is_tentative
    if not is_known:
        state.ask(peer, [FindKey(key, function.name)])
    return is_known


def _is_recalled(state: State, peer: Peer, found: JobRecord) -> bool:
    """Tell whether a job that the store found needs not be read: else it is asked for.

    Where there is no memory for it, the peer is told so.
    """
    if found.handle in state.jobs or state.journal.has_left(found.number):
        return True
    if not reads.begin(state, peer, found.size):
        state.memory.room.refused += 1
        send_error(peer, b"QUEUE_ERROR", FULL)
        return False
    state.ask(peer, [FindJob(found.number, True)])
    return False


def _is_admitted(state: State, peer: Peer, packet: Packet) -> bool:
    """Tell whether a peer may submit this, and it may be kept; answer if not."""
    if peer.access is not None:
        check_function(state, peer, SUBMIT, packet.arguments[0])
    return _has_room(state, peer, packet) and _is_acceptable(peer, packet.arguments[1])


def _has_room(state: State, peer: Peer, packet: Packet) -> bool:
    """Tell whether a job may be taken now; answer if not.

    Its address must not submit more than it may, and there has to be memory for it. A
    large one that has arrived after all, the older packets going before the newer, is
    taken if memory would not be full without it.
    """
    usage = peer.usage
    # One whose question the store has answered was counted when it came.
    if usage and not (peer.answers or limits.may_submit(state, usage)):
        count_refusal(state, packet.arguments[0])
        send_error(peer, b"QUEUE_ERROR", limits.too_many_submissions(state, usage))
        return False
    memory = state.memory
    room = memory.room
    if not room.is_full:
        return True
    size = sum(map(len, packet.more))
    if size and room.left + size > memory.limit // 4:
        return True
    room.refused += 1
    count_refusal(state, packet.arguments[0])
    send_error(peer, b"QUEUE_ERROR", FULL)
    return False


def _is_acceptable(peer: Peer, unique: bytes) -> bool:
    """Tell whether a unique or a reducer is short enough; answer if it is not."""
    if len(unique) <= MAX_UNIQUE:
        return True
    send_error(peer, b"ARGUMENT_TOO_LARGE", b"Unique value too large")
    return False


def _epoch(state: State, text: bytes) -> tuple[float, bool] | None:
    """Read when a job is due, and whether that is a server time.

    An empty text is now, as for gearmand; one that cannot be understood gives None.
    """
    if not text:
        return _AT_ONCE
    found = _EPOCH.fullmatch(text)
    if found is None:
        return None
    delay = found.group(2)
    if delay is None:
        when = float(found.group(1))
        return (max(when, 0.0), False) if when <= _LAST_EPOCH else None
    seconds = float(delay)
    if seconds > _LAST_EPOCH:
        return None
    return (state.server_time() + seconds, True) if seconds > 0 else _AT_ONCE


def submit_job_sched(state: State, peer: Peer, packet: Packet) -> None:
    """Submit a job in the background whenever its five fields match the time.

    PROTOCOL, "SUBMIT_JOB_SCHED". The answer's handle is the schedule's: GET_STATUS
    knows it and ``cancel job`` ends it. Function and unique name the schedule, so
    that submitting it again changes it instead of adding another.
    """
    name, unique = packet.arguments[0], packet.arguments[1]
    if not _is_admitted(state, peer, packet):
        return
    fields = packet.arguments[2:7]
    state.turns.work += CALENDAR
    due, fault = next_time(state, fields, state.wall_time())
    if fault:
        send_error(peer, b"INVALID_ARGUMENT", fault.encode())
        return
    key = coalescing_key(unique, packet.arguments[7], packet.more)
    function = functions.admit(state, name)
    if function is None:
        send_error(peer, b"QUEUE_ERROR", TOO_MANY_FUNCTIONS)
        return
    schedule = _schedule(state, function, unique, key)
    state.memory.jobs -= schedule_cost(schedule)
    schedule.workload = packet.arguments[7]
    schedule.more = packet.more
    schedule.fields = fields
    schedule.headers = peer.headers
    set_schedule(state, schedule, due)
    state.memory.jobs += schedule_cost(schedule)
    keep_schedule(state, schedule)
    state.journal.hold_change(peer, is_text=False)
    peer.send(encode(PacketType.JOB_CREATED, schedule.handle))


def _schedule(state: State, function: Function, unique: bytes, key: bytes) -> Schedule:
    """Return the schedule of this identity with no alarm set, new or known."""
    known = function.recurring.get(key) if key else None
    if known is not None:
        state.calendar_alarms.cancel(known)
        return known
    number = state.new_number()
    schedule = Schedule(number, state.handle(number), function, unique)
    schedule.key = key
    add_schedule(state, schedule)
    return schedule


def get_status(state: State, peer: Peer, packet: Packet) -> None:
    """Tell whether a job is known, whether it runs, and how far it is."""
    handle = packet.arguments[0]
    job = state.jobs.get(handle)
    schedule = state.schedules.get(handle)
    if job is not None:
        report = _progress(job) if peer.knows(job.function.name) else _UNKNOWN
    elif schedule is not None:
        report = _WAITING if peer.knows(schedule.function.name) else _UNKNOWN
    else:
        answers = peer.take_answers()
        if not answers and state.may_have(handle):
            state.ask(peer, [FindJob(state.number(handle), False)])
            return
        if _is_error(peer, answers):
            return
        report = _WAITING if _waits(state, peer, answers, handle) else _UNKNOWN
    peer.send(encode(PacketType.STATUS_RES, handle + report))


def get_status_unique(state: State, peer: Peer, packet: Packet) -> None:
    """Do the same by unique, of whatever function; the first that has it."""
    unique = packet.arguments[0]
    report = _progress_by_unique(state, peer, unique) if unique else _UNKNOWN + b"\x000"
    if not report:
        answers = peer.take_answers()
        if not answers and state.journal.keeps_jobs:
            state.ask(peer, [FindKey(unique, None)])
            return
        if _is_error(peer, answers):
            return
        report = _WAITING if _waits(state, peer, answers, b"") else _UNKNOWN
        report += b"\x000"
    peer.send(encode(PacketType.STATUS_RES_UNIQUE, unique + report))


def _is_error(peer: Peer, answers: list[Query]) -> bool:
    """Tell whether the store could not say; answer so if it could not."""
    if not answers or not answers[0].error:
        return False
    send_error(peer, b"QUEUE_ERROR", answers[0].error.encode())
    return True


def _waits(state: State, peer: Peer, answers: list[Query], handle: bytes) -> bool:
    """Tell whether the store found a job, under this handle if any."""
    for answer in answers:
        if isinstance(answer, FindJob | FindKey):
            record = answer.record
            is_hidden = record is not None and not peer.knows(record.function)
            return not is_hidden and state.is_waiting(record, handle)
    return False


def _progress_by_unique(state: State, peer: Peer, unique: bytes) -> bytes:
    """Return how far a job in memory with this unique is, or nothing."""
    state.turns.work += len(state.functions) >> 3
    for function in state.functions.values():
        job = function.keyed.get(unique)
        if job is not None and peer.knows(function.name):
            state.turns.work += len(job.others) >> 5
            count = len(job.clients()) + job.joined
            return _progress(job) + b"\0" + str(count).encode()
    return b""


def _progress(job: Job) -> bytes:
    running = b"1" if job.state is RUNNING else b"0"
    return b"\0".join(
        (b"", b"1", running, _number(job.numerator), _number(job.denominator))
    )


def _number(text: bytes) -> bytes:
    """Return the digits a WORK_STATUS argument begins with, or 0."""
    digits = len(text) - len(text.lstrip(b"0123456789"))
    return text[:digits].lstrip(b"0") or b"0"
