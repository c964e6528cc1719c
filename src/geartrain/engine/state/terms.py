"""What holds for one job: what its submission asked for, or else the policy."""

from __future__ import annotations

from geartrain.engine.model.jobs import Job, own_ttl
from geartrain.engine.model.submission_options import NOT_GIVEN, kept_number
from geartrain.engine.state import functions
from geartrain.engine.state.state import State

__all__ = ["max_attempts", "result_ttl", "ttl"]


def ttl(state: State, job: Job) -> float:
    """Return the seconds a job may wait (0: no limit)."""
    own = own_ttl(job)
    return own if own >= 0 else functions.policy(state, job.function).ttl


def max_attempts(state: State, job: Job) -> float:
    """Return the maximum number of a job's attempts.

    Whether there is another of a job that was given to this job server by another one
    is decided there.
    """
    if job.is_forwarded:
        return 1
    own = kept_number(job.options, b"max_attempts") if job.options else NOT_GIVEN
    return own if own >= 0 else functions.policy(state, job.function).max_attempts


def result_ttl(state: State, job: Job) -> float:
    """Return the seconds to keep a job's result (0: not at all)."""
    own = kept_number(job.options, b"result_ttl") if job.options else NOT_GIVEN
    return own if own >= 0 else functions.policy(state, job.function).result_ttl
