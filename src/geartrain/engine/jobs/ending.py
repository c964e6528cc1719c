"""The end of a job, and who is told of it."""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import results
from geartrain.engine.jobs.life import move
from geartrain.engine.model.endings import ending_of
from geartrain.engine.model.jobs import FINISHED, Job
from geartrain.engine.model.policies import IN_MEMORY
from geartrain.engine.results import CANCELLED, SUCCEEDED
from geartrain.engine.state import functions, runs
from geartrain.engine.state.following import note_job
from geartrain.engine.state.graph import note_end
from geartrain.engine.state.state import State

__all__ = ["finish", "remember"]

# The history takes at most this part of --max-memory.
_HISTORY: Final = 16


def finish(state: State, job: Job, outcome: bytes, result: int = 0) -> None:
    """End a job, wherever it is, and have the store forget it.

    ``outcome`` is what becomes of it, one of ``endings.STATUSES``, and ``result`` the
    bytes of its result.
    """
    if job.batch:
        state.journal.end(job, is_cancelled=outcome == CANCELLED)
    remember(state, job, outcome, result)
    move(state, job, FINISHED)


def remember(state: State, job: Job, outcome: bytes, result: int = 0) -> None:
    """Have all who keep track know what becomes of a job that ends now.

    That is the history, followers, jobs after it, and the schedule that submitted it.
    """
    if state.runs:
        runs.end(state, job.number, outcome.decode())
    if state.graph.is_used:
        note_end(state, job, outcome)
    if state.events.is_on:
        failures = job.failures
        error = b"" if failures is None or outcome == SUCCEEDED else failures.error
        note_job(state, job, outcome.decode(), error)
    seconds = functions.policy(state, job.function).history
    history = state.history
    most = history.most
    limit = state.memory.limit
    if limit and limit // _HISTORY < most:
        most = limit // _HISTORY
    is_stored = seconds > IN_MEMORY and state.journal.keeps_jobs and not job.is_doubled
    if seconds <= 0 or (most <= 0 and not is_stored):
        return
    now = state.server_time()
    ending = ending_of(job, outcome, now)
    ending.until = now + seconds
    ending.result_size = result
    ending.is_doubled = job.is_doubled
    history.add(ending, most)
    if is_stored:
        history.is_stored = True
        ending.serial = history.following() - 1
        state.journal.keep_ending(ending)
        results.expect(state, ending.until)
