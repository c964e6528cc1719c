"""Expiry: what becomes of a job that waited longer than its time to live."""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import results
from geartrain.engine.jobs.ending import finish
from geartrain.engine.jobs.failures import tell
from geartrain.engine.model import counts
from geartrain.engine.model.addressees import CONNECTION
from geartrain.engine.model.flow_keys import FlowKey, FlowKeys
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.notices import Notice
from geartrain.engine.results import EXPIRED
from geartrain.engine.state import functions, terms
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_job
from geartrain.texts import counted, quoted, shown, span_of

__all__ = ["drop_expired", "expire", "expire_held", "expire_job", "is_expired"]

# Number of jobs that expire at a time, and seconds until the next do: others are
# served in between.
_MOST_EXPIRED: Final = 5000
_NEXT_EXPIRED: Final = 0.005
# Units of work, as ``turns`` counts it, of a job that expires.
_WORK: Final = 2


def is_expired(state: State, job: Job) -> bool:
    """Tell whether a ready job has waited longer than its time to live."""
    ttl = terms.ttl(state, job)
    return ttl > 0 and _expiry(job, ttl) <= state.server_time()


def _expiry(job: Job, ttl: float) -> float:
    """Return the server time at which a ready job has waited too long."""
    return job.waiting_since() + ttl


def expire(state: State, function: Function) -> None:
    """End the ready jobs that waited too long, and look again when the next may have.

    These are the jobs that live as long as the policy says: they expire in the order in
    which they wait. PROTOCOL has no word for it: clients that wait are told WORK_FAIL.
    """
    count = 0
    ttl = functions.policy(state, function).ttl
    following = 0.0
    for priority in range(3):
        queue = function.ready[priority]
        job = queue.first_without_ttl()
        while job is not None and count < _MOST_EXPIRED and is_expired(state, job):
            drop_expired(state, job)
            count += 1
            job = queue.first_without_ttl()
        if job is not None and ttl > 0:
            expiry = _expiry(job, ttl)
            following = expiry if following == 0 else min(following, expiry)
    state.turns.work += count * _WORK
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


def expire_held(state: State, keys: FlowKeys, key: FlowKey) -> None:
    """End jobs that a flow key has held too long and that have no time of their own.

    The key rings again for the next.
    """
    now = state.server_time()
    seconds, until = key.limit(keys.ttl)
    absence = _absence(key, until) if until > 0 else ""
    left = _MOST_EXPIRED
    for queue in key.held:
        job = None if queue is None else queue.first_without_ttl()
        while queue is not None and job is not None and left and seconds + until > 0:
            if (until or _expiry(job, seconds)) > now:
                break
            left -= 1
            state.turns.work += _WORK
            _note(state, job, absence or _overdue(state, job))
            _drop(state, job, absence or _waited(state, job))
            job = queue.first_without_ttl()


def _absence(key: FlowKey, until: float) -> str:
    """Say why jobs end that wait for an addressee which is not there."""
    if key.addressee.startswith(CONNECTION):
        return "its worker has left"
    span = span_of(until - key.absent_since)
    return f"{shown(key.addressee)}, which it is for, was not connected for {span}"


def expire_job(state: State, job: Job) -> None:
    """End a ready job whose own time to live is over."""
    _note(state, job, _overdue(state, job))
    drop_expired(state, job)


def drop_expired(state: State, job: Job) -> None:
    """End a job that waited too long."""
    _drop(state, job, _waited(state, job))


def _overdue(state: State, job: Job) -> str:
    return f"its time to live of {terms.ttl(state, job):g} seconds was over"


def _waited(state: State, job: Job) -> str:
    return f"waited longer than {terms.ttl(state, job):g} s"


def _note(state: State, job: Job, why: str) -> None:
    name = job.function.name
    text = f"dropped {shown(job.handle)} of {quoted(name)}: {why}"
    notice = Notice("info", "jobs_expired", text, name, job.handle)
    state.notices.append(notice)


def _drop(state: State, job: Job, why: str) -> None:
    count_job(state, job, counts.EXPIRED)
    state.graph.reason = why.encode()
    results.fail(state, job, EXPIRED)
    tell(state, job, why.encode())
    finish(state, job, EXPIRED)
