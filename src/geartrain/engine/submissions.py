"""Submissions: how what was submitted becomes a job of its own or joins one."""

from __future__ import annotations

import hashlib
from typing import Final

from geartrain.engine import paging
from geartrain.engine.functions import Function
from geartrain.engine.jobs import SUBMITTED, Job
from geartrain.engine.records import ScheduleRecord
from geartrain.engine.schedules import Schedule
from geartrain.engine.state import State
from geartrain.protocol.constants import Priority
from geartrain.texts import quoted, shown

__all__ = [
    "admit",
    "coalescing_key",
    "is_same",
    "joinable",
    "restore_schedule",
    "run_schedule",
    "start",
]

# A workload up to this size is digested as a whole; of a larger one as much of each end
# goes into its key.
_WHOLE: Final = 128 * 1024
_SAMPLE: Final = 64 * 1024


def joinable(function: Function, key: bytes, submitted: Job) -> Job | None:
    """Return the job in memory that a submission with this key joins, if any."""
    job = function.keyed.get(key) if key else None
    if job is not None and submitted.unique == b"-" and not _is_twin(job, submitted):
        return None
    return job


def admit(
    state: State, submitted: Job, key: bytes, joined: Job | None, background: bool
) -> Job | None:
    """Return the job that ``submitted`` joins, or itself with a handle.

    ``joined`` is what ``joinable`` returned. Returns None if its function has no room.
    ``start`` is to follow.
    """
    job = joined
    if job is None:
        if submitted.function.is_full(submitted.priority):
            return None
        job = submitted
        _name(state, job, key)
    if background:
        # Whoever else waits or leaves, this job now has to be run.
        job.background = True
        state.keep(job)
        if joined is None and job.record is not None:
            # The store may have a job that it should have joined.
            is_paged = job.function.paged_count() > 0
            is_certain = job.unique != b"-" or job.size <= _WHOLE
            job.record.is_tentative = bool(job.key) and is_paged and is_certain
    return job


def _name(state: State, job: Job, key: bytes) -> None:
    """Give a job its number and handle, and its function's policy."""
    function = job.function
    job.number = state.new_number()
    job.handle = state.handle(job.number)
    job.submitted = state.wall_time()
    delay = state.policy(function).delay
    if delay > 0:
        job.due = max(job.due, job.submitted + delay)
    state.remember(job)
    # A large workload whose ends another has, too, coalesces with none.
    if key and key not in function.keyed:
        job.key = key
        function.keyed[key] = job
    function.counters.submitted += 1


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


def start(state: State, job: Job) -> None:
    """Queue a job just admitted now, or when it is due; leave one that was joined.

    A tentative one waits until the store has said whether it is a job of its own.
    """
    if job.state is not SUBMITTED:
        return
    if job.record is not None and job.record.is_tentative:
        job.function.tentative[job] = None
    else:
        paging.enter(state, job)


def restore_schedule(state: State, record: ScheduleRecord) -> None:
    """Take back a schedule that was kept by a store.

    Times that passed while there was no job server do not count.
    """
    schedule = Schedule(
        record.number, record.handle, state.function(record.function), record.unique
    )
    schedule.key = coalescing_key(record.unique, record.workload, [])
    schedule.workload = record.workload
    schedule.fields = record.fields
    try:
        schedule.due = state.calendar(record.fields, state.wall_time())
    except ValueError as error:
        state.warn("schedule_lost", f"{shown(record.handle)} cannot be run: {error}")
        return
    state.add_schedule(schedule)
    state.alarms.set(schedule, schedule.due)


def run_schedule(state: State, schedule: Schedule) -> None:
    """Submit a schedule's job, its time having come, and set its next time.

    If the job of the time before is still there, it joins that one. Times that
    passed while the job server could not run count once.
    """
    submitted = Job(
        schedule.function,
        schedule.unique,
        schedule.workload,
        schedule.more,
        int(Priority.NORMAL),
    )
    key = schedule.key
    joined = joinable(schedule.function, key, submitted)
    job = admit(state, submitted, key, joined, True)
    if job is None:
        state.warn(
            "schedule_skipped",
            f"{shown(schedule.handle)}: the queue of "
            f"{quoted(schedule.function.name)} is full, its job is left out this time",
        )
    else:
        start(state, job)
    schedule.due = state.calendar(schedule.fields, state.wall_time())
    state.alarms.set(schedule, schedule.due)
