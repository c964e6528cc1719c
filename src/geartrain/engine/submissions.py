"""Submissions: what asks for a job, and how it becomes one or joins one."""

from __future__ import annotations

import hashlib

from geartrain.engine.functions import Function
from geartrain.engine.jobs import FINISHED, Job
from geartrain.engine.notices import Notice
from geartrain.engine.schedules import Schedule
from geartrain.engine.state import State
from geartrain.protocol.constants import Priority

__all__ = ["Submission", "admit", "run_schedule", "start"]


class Submission:
    """What a SUBMIT packet or a schedule asks for.

    Attributes:
        unique: the coalescing key, at most 64 bytes.
        workload: the job's input; of a large one, the piece that arrived first.
        more: the pieces that follow ``workload``.
        priority: ``Priority`` as a number.
        background: nobody waits for the job.
        reducer: the reducer of a SUBMIT_REDUCE_JOB, else empty.
        due: when to run it, in seconds since 1970; 0 is at once.
    """

    __slots__ = (
        "background",
        "due",
        "more",
        "priority",
        "reducer",
        "unique",
        "workload",
    )

    def __init__(
        self,
        unique: bytes,
        workload: bytes,
        more: list[bytes],
        priority: int,
        background: bool,
    ) -> None:
        self.unique = unique
        self.workload = workload
        self.more = more
        self.priority = priority
        self.background = background
        self.reducer = b""
        self.due = 0.0


def admit(state: State, function: Function, submission: Submission) -> Job | None:
    """Return the job the submission joins or a new one, or None if there is no room.

    A new job is in no state yet: ``start`` follows.
    """
    key = _key(submission) if submission.unique else b""
    job = function.keyed.get(key) if key else None
    if job is None:
        if function.is_full(submission.priority):
            return None
        job = _new_job(state, function, key, submission)
    if submission.background:
        # Whoever else waits or leaves, this job now has to be run.
        job.background = True
    return job


def _new_job(
    state: State, function: Function, key: bytes, submission: Submission
) -> Job:
    job = Job(state.new_handle(), function, submission.unique, submission.workload)
    job.more = submission.more
    job.reducer = submission.reducer
    job.priority = submission.priority
    state.jobs[job.handle] = job
    if key:
        job.key = key
        function.keyed[key] = job
    return job


def _key(submission: Submission) -> bytes:
    """Return what the submission coalesces by; empty for never.

    A unique of ``-`` stands for the workload, and an empty workload is no key.
    """
    if submission.unique != b"-":
        return submission.unique
    if not submission.workload:
        return b""
    digest = hashlib.blake2b(submission.workload, digest_size=32)
    for piece in submission.more:
        digest.update(piece)
    # No other key holds a NUL byte: uniques end at one.
    return b"-\0" + digest.digest()


def start(state: State, job: Job, due: float) -> None:
    """Queue a job just admitted now, or when it is due; leave one that was joined."""
    if job.state is not FINISHED:
        return
    if due > state.wall_time():
        state.schedule(job, due)
    else:
        state.make_ready(job)


def run_schedule(state: State, schedule: Schedule) -> None:
    """Submit a schedule's job, its time having come, and set its next time.

    If the job of the time before is still there, it joins that one. Times that
    passed while the job server could not run count once.
    """
    submission = Submission(
        schedule.unique, schedule.workload, schedule.more, int(Priority.NORMAL), True
    )
    job = admit(state, schedule.function, submission)
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
