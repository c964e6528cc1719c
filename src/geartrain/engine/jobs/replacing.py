"""Replacing: a newer workload takes the place of that of a job which waits.

This is what ``dedupe = "replace"`` does. The job keeps its handle, its priority, its
place among those that are ready, and all that wait for it. One that waits for a time
waits anew, as long as a new one would. For a store that is one change, so that after a
crash either workload is there and never none.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs.life import move
from geartrain.engine.jobs.placing import wait
from geartrain.engine.model import counts
from geartrain.engine.model.graph import NEVER
from geartrain.engine.model.jobs import (
    BEHIND,
    HELD,
    PAGED,
    READY,
    SCHEDULED,
    SUBMITTED,
    Job,
    past_of,
    record_of,
)
from geartrain.engine.records import StoredJob
from geartrain.engine.state import functions, quotas
from geartrain.engine.state.memory import cost
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_job

__all__ = ["give_back", "replace"]

_QUEUED: Final = (READY, HELD, BEHIND)


def replace(state: State, job: Job, newer: Job) -> None:
    """Let a job that waits have the workload of another that was just submitted."""
    former = record_of(job)
    is_queued = job.state in _QUEUED
    if not is_queued:
        if job.state is not SUBMITTED:
            move(state, job, SUBMITTED)
        if state.wait_of(job) > 0:
            _delay_again(state, job, newer)
    _take(state, job, newer)
    if job.batch:
        state.journal.replace(job, former)
    if not is_queued:
        wait(state, job)
    count_job(state, job, counts.REPLACED)


def give_back(state: State, job: Job, former: StoredJob) -> None:
    """Let a job be what it was, because the store refused what was to replace that.

    One that runs meanwhile, or has run, stays as it is.
    """
    if job.state in _QUEUED:
        _take(state, job, former)
    elif job.state in (SCHEDULED, PAGED):
        move(state, job, SUBMITTED)
        _take(state, job, former)
        job.due, job.is_steady = former.due, former.is_steady
        wait(state, job)


def _take(state: State, job: Job, other: StoredJob) -> None:
    """Take what another was submitted with but its options, and all attempts."""
    before, size = cost(job), job.size
    job.workload, job.more, job.size = other.workload, other.more, other.size
    job.headers, job.reducer = other.headers, other.reducer
    job.failures = past_of(job)
    more = job.size - size
    if job.state is READY:
        job.function.ready[job.priority].grow(more)
    elif job.state is HELD:
        job.function.make_keys().grow(job, more)
    if job.owner:
        quotas.resize(state, job, more)
    state.memory.jobs += cost(job) - before


def _delay_again(state: State, job: Job, newer: Job) -> None:
    """Let a job be due when a newer one would be, if it may wait so long.

    One that waits for others still does.
    """
    if job.due == NEVER:
        return
    job.due, job.is_steady = newer.due, newer.is_steady
    most = functions.policy(state, job.function).dedupe_wait
    last = job.submitted + most
    if most > 0 and state.wait_of(job) > last - state.server_time():
        job.due, job.is_steady = last, True
