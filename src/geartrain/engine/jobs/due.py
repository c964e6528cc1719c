"""What is due: attempts that ran too long, delayed jobs, schedules, and pages."""

from __future__ import annotations

from typing import Final

from geartrain.engine.dispatch.turns import PEER_SHARE
from geartrain.engine.jobs import (
    failures,
    owed_times,
    recurring,
    results,
    sorting,
    successors,
)
from geartrain.engine.jobs.expiry import expire, expire_job
from geartrain.engine.jobs.life import move
from geartrain.engine.model.flow_keys import FlowKey
from geartrain.engine.model.flows import Flow
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import HELD, READY, Job
from geartrain.engine.model.marks import Absence
from geartrain.engine.model.nodes import Node
from geartrain.engine.model.schedules import Held, Owed, Schedule
from geartrain.engine.model.traces import Trace
from geartrain.engine.model.waits import ResultWait
from geartrain.engine.state import (
    flows,
    following,
    functions,
    marks,
    nodes,
    statistics,
    tracing,
    windows,
)
from geartrain.engine.state.state import Expiry, State
from geartrain.engine.timers import Timed
from geartrain.engine.window.shelves import Shelf
from geartrain.engine.window.windows import Window

__all__ = ["deadline", "tick"]

# Units of work, as ``turns`` counts it, of what is due beside what it brings about.
_TIMEOUT: Final = 8
_ALARM: Final = 4


def tick(state: State) -> None:
    """Do what is due, or much of it: what is left is due at once."""
    now = state.now
    turns = state.turns
    limit = turns.work + PEER_SHARE
    state.wakeups.tick(now)
    if state.graph.has_news():
        successors.let_some_go(state)
    due = state.timeouts.pop(now)
    while due is not None:
        assert isinstance(due, Job)
        turns.work += _TIMEOUT
        failures.time_out(state, due)
        due = state.timeouts.pop(now) if turns.work < limit else None
    _ring_all(state, limit)
    # What an alarm ends, others may wait for; what is let go may be due at once.
    while state.graph.has_news() and turns.work < limit:
        successors.let_some_go(state)
        _ring_all(state, limit)
    if 0.0 < state.slots.until <= now:
        statistics.end_minute(state)
    if 0.0 < state.events.tell_at <= now:
        following.tell(state)
    recurring.reckon_some(state)
    sorting.sort_some(state)
    functions.forget_idle(state)


def _ring_all(state: State, limit: int) -> None:
    """React to the alarms that are due, until ``limit`` units of work are done."""
    due = state.pop_alarm()
    while due is not None:
        state.turns.work += _ALARM
        _ring(state, due)
        due = state.pop_alarm() if state.turns.work < limit else None


def _ring(state: State, due: Timed) -> None:  # noqa: C901, PLR0912 - a branch for each kind
    """Do what an alarm was set for."""
    if isinstance(due, Job):
        _ring_job(state, due)
    elif isinstance(due, Schedule | Held):
        recurring.ring(state, due)
    elif isinstance(due, Owed):
        owed_times.ring(state, due)
    elif isinstance(due, Shelf):
        windows.ring(state, due)
    elif isinstance(due, Flow):
        flows.ring(state, due)
    elif isinstance(due, FlowKey):
        sorting.ring_key(state, due)
    elif isinstance(due, Window):
        windows.go_on(state, due)
    elif isinstance(due, ResultWait):
        results.end_wait(state, due)
    elif isinstance(due, Expiry):
        results.expire_results(state)
    elif isinstance(due, Absence):
        marks.mark_absence(state, due)
    elif isinstance(due, Trace):
        tracing.end(state, due.watcher)
    elif isinstance(due, Node):
        nodes.look(state, due)
    elif isinstance(due, Function):
        expire(state, due)


def _ring_job(state: State, job: Job) -> None:
    """End a ready or held job that waited too long, or let one be ready that is due."""
    if job.state is READY or job.state is HELD:
        expire_job(state, job)
    else:
        move(state, job, READY)


def deadline(state: State) -> float | None:
    """Return when ``tick`` is to be called next, or None for not at all."""
    earliest = state.timeouts.next()
    promise = state.wakeups.next()
    if promise is not None and (earliest is None or promise < earliest):
        earliest = promise
    idle = state.idle.next()
    if idle is not None and (earliest is None or idle < earliest):
        earliest = idle
    alarm = state.next_alarm()
    if alarm is not None and (earliest is None or alarm < earliest):
        earliest = alarm
    until = state.slots.until
    if until > 0.0 and (earliest is None or until < earliest):
        earliest = until
    tell_at = state.events.tell_at
    if tell_at > 0.0 and (earliest is None or tell_at < earliest):
        earliest = tell_at
    has_moved = state.graph.has_news() or bool(state.unsorted)
    is_pressing = has_moved or recurring.is_stepped(state)
    if is_pressing and (earliest is None or state.now < earliest):
        earliest = state.now
    return earliest
