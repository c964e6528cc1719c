"""Times of schedules whose jobs the store has refused, as it was away.

A client that is refused submits again; nobody does so for a schedule. So its time is
owed until the store is well, and then is as one that passed while there was no job
server: ``missed`` says what becomes of it.
"""

from __future__ import annotations

from geartrain.engine.jobs.recurring import CORRECTION, MOST_MISSED, fire
from geartrain.engine.model.health import OK
from geartrain.engine.model.schedules import Owed
from geartrain.engine.state import runs
from geartrain.engine.state.state import State

__all__ = ["ring"]


def ring(state: State, owed: Owed) -> None:
    """Submit the jobs of times that are owed, if the store takes jobs again."""
    schedule = owed.schedule
    _bound(state, owed)
    if state.health.state != OK:
        state.alarms.set(owed, state.server_time() + runs.RETRY)
        return
    times, owed.times = owed.times, []
    if runs.is_elsewhere(state, schedule) or schedule.is_paused or not times:
        return
    is_late = state.wall_time() - times[-1] > CORRECTION
    for due in times:
        if schedule.missed == "skip" and is_late:
            runs.note(state, schedule, due, 0, "missed")
        else:
            fire(state, schedule, due)
    runs.keep(state, schedule)


def _bound(state: State, owed: Owed) -> None:
    """Owe one time, or with ``missed = "all"`` the first hundred."""
    schedule = owed.schedule
    owed.times.sort()
    if schedule.missed != "all":
        owed.times = owed.times[-1:]
    for due in owed.times[MOST_MISSED:]:
        runs.note(state, schedule, due, 0, "missed")
    del owed.times[MOST_MISSED:]
