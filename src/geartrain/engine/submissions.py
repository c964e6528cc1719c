"""Submissions: how what was submitted becomes a job of its own or joins one."""

from __future__ import annotations

import hashlib

from geartrain.engine.jobs import SUBMITTED, Job
from geartrain.engine.notices import Notice
from geartrain.engine.schedules import Schedule
from geartrain.engine.state import State
from geartrain.protocol.constants import Priority

__all__ = ["admit", "coalescing_key", "run_schedule", "start"]


def admit(state: State, submitted: Job, background: bool) -> Job | None:
    """Return the job that ``submitted`` joins, or itself with a handle.

    Returns None if its function has no room. ``start`` is to follow.
    """
    function = submitted.function
    key = coalescing_key(submitted.unique, submitted.workload, submitted.more)
    job = function.keyed.get(key) if key else None
    if job is None:
        if function.is_full(submitted.priority):
            return None
        job = submitted
        job.handle = state.new_handle()
        state.jobs[job.handle] = job
        if key:
            job.key = key
            function.keyed[key] = job
    if background:
        # Whoever else waits or leaves, this job now has to be run.
        job.background = True
    return job


def coalescing_key(unique: bytes, workload: bytes, more: list[bytes]) -> bytes:
    """Return what a submission coalesces by within its function; empty for nothing.

    A unique of ``-`` stands for the workload, and an empty workload is no key.
    """
    if unique != b"-":
        return unique
    if not workload:
        return b""
    digest = hashlib.blake2b(workload, digest_size=32)
    for piece in more:
        digest.update(piece)
    # No other key holds a NUL byte: uniques end at one.
    return b"-\0" + digest.digest()


def start(state: State, job: Job, due: float) -> None:
    """Queue a job just admitted now, or when it is due; leave one that was joined."""
    if job.state is not SUBMITTED:
        return
    if due > 0 and due > state.wall_time():
        state.schedule(job, due)
    else:
        state.make_ready(job)


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
    job = admit(state, submitted, True)
    if job is None:
        state.notices.append(
            Notice(
                "warning",
                "schedule_skipped",
                f"{schedule.handle.decode()}: the queue of "
                f"{schedule.function.name!r} is full, its job is left out this time",
            )
        )
    else:
        start(state, job, 0.0)
    schedule.due = state.calendar(schedule.fields, state.wall_time())
    state.alarms.set(schedule, schedule.due)
