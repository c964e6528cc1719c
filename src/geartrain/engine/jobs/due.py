"""What is due: attempts that ran too long, delayed jobs, schedules, and pages."""

from __future__ import annotations

from typing import Final

from geartrain.engine.dispatch.turns import PEER_SHARE
from geartrain.engine.jobs import failures, recurring, results
from geartrain.engine.jobs.expiry import expire
from geartrain.engine.jobs.life import move
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import READY, Job
from geartrain.engine.model.marks import Absence
from geartrain.engine.model.schedules import CALENDAR, Schedule
from geartrain.engine.model.traces import Trace
from geartrain.engine.model.waits import ResultWait
from geartrain.engine.state import (
    following,
    functions,
    marks,
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
    due = state.timeouts.pop(now)
    while due is not None:
        assert isinstance(due, Job)
        turns.work += _TIMEOUT
        failures.time_out(state, due)
        due = state.timeouts.pop(now) if turns.work < limit else None
    due = state.pop_alarm()
    while due is not None:
        turns.work += _ALARM
        _ring(state, due)
        due = state.pop_alarm() if turns.work < limit else None
    if 0.0 < state.slots.until <= now:
        statistics.end_minute(state)
    if 0.0 < state.events.tell_at <= now:
        following.tell(state)
    recurring.reckon_some(state)
    functions.forget_idle(state)


def _ring(state: State, due: Timed) -> None:
    """Do what an alarm was set for."""
    if isinstance(due, Job):
        move(state, due, READY)
    elif isinstance(due, Schedule):
        state.turns.work += CALENDAR
        recurring.ring_schedule(state, due)
    elif isinstance(due, Shelf):
        windows.ring(state, due)
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
    elif isinstance(due, Function):
        expire(state, due)


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
    if recurring.is_stepped(state) and (earliest is None or state.now < earliest):
        earliest = state.now
    return earliest
