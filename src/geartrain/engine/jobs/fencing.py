"""A fenced job server: it hands out nothing that its store keeps.

Several job servers share a store, each with a lease. One whose lease may have ended
must hand out none of its kept jobs: another may have taken them over, and would run
them, too. So they all leave memory for the store, as those do for which there is no
room, and no page of them is read. What no store keeps goes on as ever.
"""

from __future__ import annotations

from geartrain.engine.jobs.life import leave_to_store
from geartrain.engine.jobs.placing import place
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.state import windows
from geartrain.engine.state.state import State

__all__ = ["fence", "lift_fence"]


def fence(state: State) -> None:
    """Hand out nothing that the store keeps from now on, until ``lift_fence``."""
    if state.is_fenced:
        return
    state.is_fenced = True
    for function in list(state.functions.values()):
        for job in _kept(function):
            leave_to_store(state, job)


def _kept(function: Function) -> list[Job]:
    """Return the jobs of a function that wait in memory and are kept in the store."""
    waiting: list[Job] = [*function.scheduled, *function.behind]
    for queue in function.ready:
        waiting += queue.jobs()
    keys = function.keys()
    if keys is not None:
        waiting += keys.held_jobs()
    return [job for job in waiting if job.batch]


def lift_fence(state: State) -> None:
    """Hand out again what the store keeps."""
    if not state.is_fenced:
        return
    state.is_fenced = False
    for peer in state.peers:
        for job in list(peer.awaited):
            if job.state is PAGED:
                # What somebody waits for is not forgotten, and waits in memory.
                place(state, job)
    for function in list(state.functions.values()):
        for window in function.windows:
            windows.refill(state, function, window)
        _refill_keys(state, function)


def _refill_keys(state: State, function: Function) -> None:
    keys = function.keys()
    if keys is None:
        return
    for key in list(keys.live.values()):
        for window in key.windows:
            if window is not None:
                windows.refill(state, function, window)
