"""The work that a job server has left."""

from __future__ import annotations

from geartrain.engine.commands.rows import state_name, text
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED
from geartrain.engine.state.state import State

__all__ = ["describe", "is_idle", "known_state"]


def is_idle(state: State) -> bool:
    """Return whether no job is ready or running, and no turn has left work over."""
    if state.turns.queue or state.turns.chores:
        return False
    return not any(_ready(each) or each.running for each in state.functions.values())


def _ready(function: Function) -> int:
    paged = sum(window.ready for window in function.windows)
    due = sum(window.is_due() for window in function.windows)
    return function.ready_count() + len(function.tentative) + paged + due


def describe(state: State) -> str:
    """Return the functions with ready or running jobs, and their numbers."""
    return "; ".join(
        f"{text(each.name)} has {_ready(each)} ready and {len(each.running)} running"
        f" jobs and {len(each.workers)} workers"
        for each in state.functions.values()
        if _ready(each) or each.running
    )


def known_state(state: State, handle: bytes) -> str:
    """Return the state of a job in memory, or of a schedule; else an empty text."""
    if handle in state.schedules:
        return "recurring"
    job = state.jobs.get(handle)
    if job is None or job.state is PAGED:
        return ""
    return state_name(state, job)
