"""Overflow: what becomes of new jobs where as many wait as a policy allows.

``max_waiting`` says how many may, whatever their priorities. Then a new job is refused,
or with ``when_full = "drop_oldest"`` takes the place of the one that was first: that is
told to whoever waits for it, counted, and kept in the history. A job never has one of
a higher priority dropped.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import results
from geartrain.engine.jobs.ending import finish
from geartrain.engine.jobs.failures import tell
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.policies import DROP_OLDEST
from geartrain.engine.results import DROPPED
from geartrain.engine.state import functions
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_job
from geartrain.texts import counted, quoted

__all__ = ["excess", "make_room"]

# Jobs that one submission drops where the limit was lowered meanwhile.
_MOST_DROPPED: Final = 10
# Units of work, as ``turns`` counts it, of a job that is dropped.
_WORK: Final = 5


def excess(state: State, submitted: Job) -> str:
    """Return why too many jobs wait for one more; empty if that may be taken."""
    function = submitted.function
    policy = functions.policy(state, function)
    most = policy.max_waiting
    if most == 0 or function.waiting_total() < most:
        return ""
    state.turns.work += _WORK
    if policy.when_full == DROP_OLDEST and _oldest(function, submitted.priority):
        return ""
    return f"{quoted(function.name)} has {counted(most, 'waiting job')}: max_waiting"


def make_room(state: State, submitted: Job) -> None:
    """Drop the oldest waiting jobs, if too many wait for one more."""
    function = submitted.function
    most = functions.policy(state, function).max_waiting
    left = _MOST_DROPPED
    while 0 < most <= function.waiting_total() and left:
        oldest = _oldest(function, submitted.priority)
        if oldest is None:
            return
        _drop(state, oldest, most)
        left -= 1


def _oldest(function: Function, priority: int) -> Job | None:
    """Return the first waiting job of the lowest priority, but not of a higher one.

    What waits for a time comes after what could run. The store alone has none that was
    before those in memory; where none is in memory, it is about to be read.
    """
    for each in range(2, priority - 1, -1):
        job = function.oldest(each)
        if job is not None:
            return job
    for job in function.scheduled:
        return job if job.priority >= priority else None
    return None


def _drop(state: State, job: Job, most: int) -> None:
    state.turns.work += _WORK
    count_job(state, job, counts.DISPLACED)
    results.fail(state, job, DROPPED)
    name = quoted(job.function.name)
    tell(state, job, f"dropped for a newer job: at most {most} of {name} wait".encode())
    finish(state, job, DROPPED)
