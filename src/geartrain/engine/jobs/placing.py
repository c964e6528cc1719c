"""Where a job that is to wait goes: into memory, or to the store alone."""

from __future__ import annotations

from geartrain.engine.jobs.life import move
from geartrain.engine.model.addressees import is_addressed
from geartrain.engine.model.flow_keys import FlowKey
from geartrain.engine.model.jobs import PAGED, READY, SCHEDULED, SUBMITTED, Job
from geartrain.engine.state import functions, windows
from geartrain.engine.state.state import State

__all__ = ["delay", "place", "place_paged", "wait"]


def delay(state: State, job: Job) -> None:
    """Delay a job as its policy says, unless it is to wait longer anyway."""
    seconds = functions.policy(state, job.function).delay
    if seconds > 0 and state.wait_of(job) < seconds:
        job.due = state.server_time() + seconds
        job.is_steady = True


def wait(state: State, job: Job) -> None:
    """Queue a job: in memory if there is room, or else in the store.

    One that no store keeps waits in memory, and so does one that a client waits for.
    """
    function = job.function
    priority = job.priority
    if not job.batch or job.is_awaited():
        place(state, job)
    elif state.wait_of(job) > 0:
        has_room = windows.has_room_for_delayed(state, function)
        move(state, job, SCHEDULED if has_room else PAGED)
    elif (key := _key_of(job)) is not None:
        _wait_for_key(state, job, key)
    elif function.windows[priority].ready or not windows.has_room(
        state, function, priority
    ):
        move(state, job, PAGED)
        windows.refill(state, function, function.windows[priority])
    else:
        move(state, job, READY)


def _key_of(job: Job) -> FlowKey | None:
    """Return the flow key that may hold a job and has a queue of its own, if any."""
    if not job.flow_key:
        return None
    is_one_s = is_addressed(job.flow_key)
    keys = job.function.make_keys() if is_one_s else job.function.keys()
    return None if keys is None else keys.holder(job)


def _wait_for_key(state: State, job: Job, key: FlowKey) -> None:
    """Queue a job of a flow key: in memory if there is room, or else in the store."""
    window = key.windows[job.priority]
    is_behind = window is not None and window.ready > 0
    if not is_behind and windows.has_room_for_held(state, job.function, key):
        move(state, job, READY)
        return
    if job.queue_key != key.name:
        job.queue_key = key.name
        state.journal.move(job)
    move(state, job, PAGED)
    windows.refill(state, job.function, windows.window_of(job))


def place_paged(state: State, job: Job) -> None:
    """Queue a job that comes from the store.

    One of a flow key that has enough in memory, and was not in its key's queue, goes to
    that: others that come after it need not wait for it.
    """
    key = _key_of(job) if job.queue_key != job.flow_key else None
    if key is not None and state.wait_of(job) <= 0 and job.state is SUBMITTED:
        _wait_for_key(state, job, key)
    else:
        place(state, job)


def place(state: State, job: Job) -> None:
    """Queue a job in memory, or schedule it if it is not due."""
    move(state, job, SCHEDULED if state.wait_of(job) > 0 else READY)
