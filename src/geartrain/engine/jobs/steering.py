"""What operators do with jobs: end them, put them elsewhere, and raise the dead.

Each ``Order`` is for one job at a time: one in memory, or one that only the store has
and whose workload it does not need. The store is told by the batch that gathers, so
that after a crash a job is in one place: the old or the new.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from geartrain.engine.endings import DROPPED
from geartrain.engine.jobs import failures
from geartrain.engine.jobs.life import move, remember, wait
from geartrain.engine.jobs.paging import restore, take_out
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import (
    PAGED,
    READY,
    SCHEDULED,
    SUBMITTED,
    Job,
    kept_job,
)
from geartrain.engine.records import Failures, JobRecord
from geartrain.engine.state import functions, windows
from geartrain.engine.state.memory import record_cost
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count

__all__ = ["Cancel", "Drop", "Order", "Place", "Revive", "is_dead"]


class Order(ABC):
    """What is to be done with each of some jobs."""

    @abstractmethod
    def obey(self, state: State, job: Job) -> bool:
        """Do it to a job in memory; tell whether there was something to do."""

    @abstractmethod
    def obey_kept(self, state: State, record: JobRecord) -> bool:
        """Do it to a job, or a dead letter, that only the store has."""


class Cancel(Order):
    """End jobs, wherever they are."""

    def obey(self, state: State, job: Job) -> bool:
        """End a job; its worker's result will be refused."""
        failures.cancel(state, job)
        return True

    def obey_kept(self, state: State, record: JobRecord) -> bool:
        """End a job that needs no workload for that."""
        failures.cancel(state, restore(state, record))
        return True


class Place(Order):
    """Put waiting jobs and dead letters elsewhere, as far as they are not there."""

    def __init__(
        self, function: bytes = b"", priority: int = -1, *, is_now: bool = False
    ) -> None:
        """Name a function, a priority, or neither, and whether they are due at once."""
        self._function = function
        self._priority = priority
        self._is_now = is_now

    def obey(self, state: State, job: Job) -> bool:
        """Put a job elsewhere unless it runs."""
        if job.state not in (READY, SCHEDULED, PAGED) or not self._differs(state, job):
            return False
        was = job.function
        move(state, job, SUBMITTED)
        if job.key and was.keyed.get(job.key) is job:
            del was.keyed[job.key]
        self._change(state, job)
        _key(job)
        if job.batch:
            state.journal.move(job)
        wait(state, job)
        functions.retire(state, was)
        return True

    def obey_kept(self, state: State, record: JobRecord) -> bool:
        """Put a job elsewhere that stays in the store."""
        job = _stub(state, record)
        was = job.function
        if not self._differs(state, job):
            return False
        if record.died:
            self._change(state, job)
            was.dead -= 1
            job.function.dead += 1
            job.due = 0.0
            state.journal.move(job)
        else:
            take_out(state, record)
            self._change(state, job)
            state.journal.move(job)
            _leave(state, job)
        state.journal.steer(job)
        functions.retire(state, was)
        return True

    def _differs(self, state: State, job: Job) -> bool:
        is_there = self._function in (b"", job.function.name)
        is_ranked = self._priority in (-1, job.priority)
        is_late = self._is_now and state.wait_of(job) > 0
        return not (is_there and is_ranked) or is_late

    def _change(self, state: State, job: Job) -> None:
        """Change a job that is in no place."""
        if self._function:
            job.function = functions.find(state, self._function)
        if self._priority >= 0:
            job.priority = self._priority
        if self._is_now:
            job.due, job.is_steady = state.server_time(), True


class Revive(Order):
    """Make jobs of dead letters again, with all attempts before them."""

    def obey(self, state: State, job: Job) -> bool:
        """Leave a job that is no dead letter."""
        return False

    def obey_kept(self, state: State, record: JobRecord) -> bool:
        """Let a dead letter wait anew, in the store if that keeps jobs."""
        job = _stub(state, record)
        job.failures = _past_of(job)
        job.due, job.is_steady = state.server_time(), True
        count(state, job.function, counts.REVIVED)
        _let_go(state, job.function, record)
        if state.journal.keeps_jobs:
            state.journal.revive(job)
            _leave(state, job)
            state.journal.steer(job)
            return True
        job.batch = 0
        state.remember(job)
        _key(job)
        state.journal.end_dead(job.number)
        wait(state, job)
        return True


class Drop(Order):
    """Forget dead letters."""

    def obey(self, state: State, job: Job) -> bool:
        """Leave a job that is no dead letter."""
        return False

    def obey_kept(self, state: State, record: JobRecord) -> bool:
        """Forget a dead letter."""
        function = functions.find(state, record.function)
        count(state, function, counts.DROPPED)
        remember(state, _stub(state, record), DROPPED)
        _let_go(state, function, record)
        state.journal.end_dead(record.number)
        functions.retire(state, function)
        return True


def is_dead(state: State, record: JobRecord, handle: bytes) -> bool:
    """Tell whether a store's answer is a dead letter still, and has a handle if any."""
    state.journal.update(record)
    if not record.died or record.handle in state.jobs:
        return False
    return state.is_waiting(record, handle)


def _stub(state: State, record: JobRecord) -> Job:
    """Return a job that only the store has; it has no place, nor need of a workload."""
    state.journal.update(record)
    job = kept_job(functions.find(state, record.function), record)
    # It is durable: as if by a batch before the first.
    job.batch = -1
    return job


def _past_of(job: Job) -> Failures | None:
    """Return failures that count none, but tell the story of those before."""
    if job.failures is None or not job.failures.story:
        return None
    failures = Failures()
    failures.story = job.failures.story
    return failures


def _key(job: Job) -> None:
    """Let submissions with a job's key join it, unless they join another already."""
    if job.key in job.function.keyed:
        job.key = b""
    elif job.key:
        job.function.keyed[job.key] = job


def _leave(state: State, job: Job) -> None:
    """Leave a job to the store, and have it read when its turn comes."""
    move(state, job, PAGED)
    windows.refill(state, job.function, job.priority)


def _let_go(state: State, function: Function, record: JobRecord) -> None:
    """Count a dead letter no more."""
    function.dead -= 1
    if state.is_dead_in_memory():
        state.memory.jobs -= record_cost(record)
