"""Expiry: what becomes of a job that waited longer than its time to live."""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import results
from geartrain.engine.jobs.failures import tell
from geartrain.engine.jobs.life import finish
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.notices import Notice
from geartrain.engine.results import EXPIRED
from geartrain.engine.state import functions
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count
from geartrain.texts import counted, quoted

__all__ = ["drop_expired", "expire", "is_expired"]

# Number of jobs that expire at a time, and seconds until the next do: others are
# served in between.
_MOST_EXPIRED: Final = 5000
_NEXT_EXPIRED: Final = 0.005


def is_expired(state: State, job: Job) -> bool:
    """Tell whether a ready job has waited longer than its time to live."""
    ttl = functions.policy(state, job.function).ttl
    return ttl > 0 and _expiry(job, ttl) <= state.server_time()


def _expiry(job: Job, ttl: float) -> float:
    """Return the server time at which a ready job has waited too long."""
    return job.waiting_since() + ttl


def expire(state: State, function: Function) -> None:
    """End the ready jobs that waited too long, and look again when the next may have.

    PROTOCOL has no word for it: clients that wait are told WORK_FAIL.
    """
    count = 0
    ttl = functions.policy(state, function).ttl
    following = 0.0
    for priority in range(3):
        queue = function.ready[priority]
        job = queue.head()
        while job is not None and count < _MOST_EXPIRED and is_expired(state, job):
            drop_expired(state, job)
            count += 1
            job = queue.head()
        if job is not None and ttl > 0:
            expiry = _expiry(job, ttl)
            following = expiry if following == 0 else min(following, expiry)
    state.turns.work += count * 2
    if following > 0:
        state.alarms.cancel(function)
        soonest = state.server_time() + _NEXT_EXPIRED
        state.alarms.set(function, max(following, soonest))
    if count:
        state.notices.append(
            Notice(
                "info",
                "jobs_expired",
                f"dropped {counted(count, 'job')} of {quoted(function.name)}: the "
                f"time to live of {ttl:g} seconds was over",
            )
        )


def drop_expired(state: State, job: Job) -> None:
    """End a job that waited too long."""
    count(state, job.function, counts.EXPIRED)
    results.fail(state, job, EXPIRED)
    tell(
        state,
        job,
        f"waited longer than {functions.policy(state, job.function).ttl:g} s".encode(),
    )
    finish(state, job, EXPIRED)
