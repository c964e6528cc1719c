"""How flow keys come to hold jobs, when they are looked at, and how they end."""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.addressees import is_addressed
from geartrain.engine.model.flow_keys import FlowKey, FlowKeys
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.pointers import key_at
from geartrain.engine.state import windows
from geartrain.engine.state.state import State

__all__ = ["enlist", "queue_key_of", "rest", "tidy", "tidy_by_name"]

# Bytes of a workload that are searched for a key for a unit of work, as ``turns``
# counts it.
_PARSED: Final = 100

_NORMAL: Final = 1


def enlist(state: State, job: Job, keys: FlowKeys) -> None:
    """Give a new job what the flow keys of its function want of it.

    Its own key or else that of its workload; and where the order is fifo, no priority.
    """
    if not job.flow_key and keys.pointer and not job.more:
        state.turns.work += len(job.workload) // _PARSED
        job.flow_key = key_at(keys.pointer, job.workload)
    if keys.is_fifo:
        job.priority = _NORMAL
    job.queue_key = queue_key_of(state, job)


def queue_key_of(state: State, job: Job) -> bytes:
    """Return the flow key whose queue a job is to wait in, in the store.

    A delayed job waits with all of its function's, however many keys these are of.
    """
    if state.wait_of(job) > 0:
        return b""
    if is_addressed(job.flow_key):
        return job.flow_key
    keys = job.function.keys()
    return job.flow_key if keys is not None and keys.is_limited else b""


def rest(state: State, function: Function, keys: FlowKeys, key: FlowKey) -> None:
    """See to what a key needs once its jobs are where they belong.

    Pages of the store, an alarm for the next job that may start, or its end.
    """
    for window in key.windows:
        if window is not None:
            windows.refill(state, function, window)
    if keys.wanting:
        windows.page_wanting(state, function, 1)
    if key.timer or keys.rate is not None or key.resumes or key.addressee or keys.ttl:
        _arm(state, keys, key)
    tidy(state, function, keys, key)


def _arm(state: State, keys: FlowKeys, key: FlowKey) -> None:
    now = state.server_time()
    when = keys.next_at(key, now)
    if key.timer and key.alarm_at == when:
        return
    state.alarms.cancel(key)
    key.alarm_at = when
    if when > 0:
        # A policy that has just changed may have had it due before.
        state.alarms.set(key, max(when, now))


def tidy(state: State, function: Function, keys: FlowKeys, key: FlowKey) -> None:
    """Forget a key that has nothing left, and the keys if these were the last."""
    if not key.is_over(state.server_time()) or keys.live.get(key.name) is not key:
        return
    state.alarms.cancel(key)
    for window in key.windows:
        if window is not None:
            state.alarms.cancel(window.waits)
            state.calendar_alarms.cancel(window.dates)
            state.memory.windows.pop(window, None)
            keys.wanting.pop(window, None)
    del keys.live[key.name]
    flow = function.flow
    if flow is not None and flow.is_over(function.policy):
        state.alarms.cancel(flow)
        function.flow = None


def tidy_by_name(state: State, function: Function, name: bytes) -> None:
    """Forget the key of a name if it has nothing left."""
    keys = function.keys()
    key = None if keys is None else keys.live.get(name)
    if keys is not None and key is not None:
        tidy(state, function, keys, key)
