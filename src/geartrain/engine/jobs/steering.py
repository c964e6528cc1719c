"""What operators do with jobs: end them, put them elsewhere, and raise the dead.

Each ``Order`` is for one job at a time: one in memory, or one that only the store has
and whose workload it does not need. The store is told by the batch that gathers, so
that after a crash a job is in one place: the old or the new.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from geartrain.engine.jobs import failures
from geartrain.engine.jobs.ending import remember
from geartrain.engine.jobs.life import move
from geartrain.engine.jobs.paging import restore, take_out
from geartrain.engine.jobs.placing import wait
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import (
    BEHIND,
    HELD,
    PAGED,
    READY,
    SCHEDULED,
    SUBMITTED,
    Job,
    kept_job,
    past_of,
)
from geartrain.engine.records import JobRecord
from geartrain.engine.results import DROPPED
from geartrain.engine.state import flow_keys, functions, quotas, windows
from geartrain.engine.state.graph import let_go, note_revival
from geartrain.engine.state.kept_graph import keep_successor
from geartrain.engine.state.memory import record_cost
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count, count_job

__all__ = ["Cancel", "Drop", "Order", "Place", "Revive", "hand", "is_dead"]

_WAITING: Final = (READY, HELD, BEHIND, SCHEDULED, PAGED)


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


def hand(state: State, job: Job, workload: bytes) -> None:
    """Give a job in memory the workload that was made of what it waited for."""
    state.memory.jobs += len(workload) - job.size
    job.workload, job.more = workload, []
    job.size = len(workload)


class Place(Order):
    """Put waiting jobs and dead letters elsewhere, as far as they are not there."""

    def __init__(
        self,
        function: bytes = b"",
        priority: int = -1,
        *,
        is_now: bool = False,
        workload: bytes = b"",
    ) -> None:
        """Name a function, a priority, or neither, and whether they are due at once.

        One that waited for others may be handed a workload.
        """
        self._workload = workload
        self._function = function
        self._priority = priority
        self._is_now = is_now

    def obey(self, state: State, job: Job) -> bool:
        """Put a job elsewhere unless it runs."""
        if job.state not in _WAITING or not self._differs(state, job):
            return False
        was = job.function
        move(state, job, SUBMITTED)
        if job.key:
            was.leave_key(job)
        self._change(state, job)
        if job.key:
            job.function.enter_key(job)
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
        successor = state.graph.successors.get(job.number)
        if successor is not None and successor.is_broadcast:
            # It is to run nowhere.
            return False
        is_there = self._function in (b"", job.function.name)
        is_ranked = self._priority in (-1, job.priority)
        # What waited for others that have ended now is let go in this turn anyway.
        is_going = job.number in state.graph.ready
        is_late = self._is_now and state.wait_of(job) > 0 and not is_going
        return not (is_there and is_ranked) or is_late

    def _change(self, state: State, job: Job) -> None:
        """Change a job that is in no place."""
        if self._function:
            job.function = functions.find(state, self._function)
        if self._priority >= 0:
            job.priority = self._priority
        if self._is_now:
            job.due, job.is_steady = state.server_time(), True
        job.queue_key = flow_keys.queue_key_of(state, job)
        if state.graph.successors:
            self._change_successor(state, job)

    def _change_successor(self, state: State, job: Job) -> None:
        """Follow a job that waits for others, or let it wait no more."""
        successor = state.graph.successors.get(job.number)
        if successor is None:
            return
        if self._workload:
            hand(state, job, self._workload)
        successor.function, successor.priority = job.function.name, job.priority
        successor.queue_key = job.queue_key
        if self._is_now and successor.is_blocked():
            let_go(state, successor)
        else:
            keep_successor(state, successor)


class Revive(Order):
    """Make jobs of dead letters again, with all attempts before them."""

    def obey(self, state: State, job: Job) -> bool:
        """Leave a job that is no dead letter."""
        return False

    def obey_kept(self, state: State, record: JobRecord) -> bool:
        """Let a dead letter wait anew, in the store if that keeps jobs."""
        job = _stub(state, record)
        job.failures = past_of(job)
        job.due, job.is_steady = state.server_time(), True
        count_job(state, job, counts.REVIVED)
        if state.graph.is_used:
            note_revival(state, job)
        _let_go(state, job.function, record)
        job.batch = -1 if state.journal.keeps_jobs else 0
        if job.owner:
            quotas.begin(state, job)
        if state.journal.keeps_jobs:
            state.journal.revive(job)
            _leave(state, job)
            state.journal.steer(job)
            return True
        state.remember(job)
        if job.key:
            job.function.enter_key(job)
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


def _leave(state: State, job: Job) -> None:
    """Leave a job to the store, and have it read when its turn comes."""
    move(state, job, PAGED)
    windows.refill(state, job.function, windows.window_of(job))


def _let_go(state: State, function: Function, record: JobRecord) -> None:
    """Count a dead letter no more."""
    function.dead -= 1
    if state.is_dead_in_memory():
        state.memory.jobs -= record_cost(record)
