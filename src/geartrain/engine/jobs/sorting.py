"""Sorting: where changed limits of flow keys put the jobs that wait already.

While a function's jobs are sorted none of them starts, so that limits hold from the
moment in which they are set. That takes a few microseconds for each job in memory, in
steps; those that only the store has are sorted when they come into memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.dispatch.turns import PEER_SHARE
from geartrain.engine.jobs.expiry import expire_held
from geartrain.engine.jobs.life import move, settle
from geartrain.engine.jobs.placing import place
from geartrain.engine.model.flow_keys import FlowKey, FlowKeys
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import SUBMITTED, Job, JobQueue
from geartrain.engine.state import flows
from geartrain.engine.state.state import State

__all__ = ["ring_key", "sort_some"]

# Units of work, as ``turns`` counts it, of sorting a job, and of looking at a key.
_JOB: Final = 4
_KEY: Final = 2


def ring_key(state: State, key: FlowKey) -> None:
    """React to time having come for a job of a flow key, or being over for one."""
    function = state.functions.get(key.function)
    keys = None if function is None else function.keys()
    if function is not None and keys is not None and keys.live.get(key.name) is key:
        expire_held(state, keys, key)
        if keys.live.get(key.name) is key:
            settle(state, function, keys, key)


def sort_some(state: State) -> None:
    """Sort jobs of functions whose keys have other limits now, as many as fit in."""
    limit = state.turns.work + PEER_SHARE
    while state.unsorted and state.turns.work < limit:
        function, sorting = next(iter(state.unsorted.items()))
        flow = function.flow
        is_known = state.functions.get(function.name) is function
        if flow is None or flow.keys is None or not is_known:
            del state.unsorted[function]
            continue
        if sorting is None:
            sorting = state.unsorted[function] = _sort(state, function, flow.keys)
        for _ in sorting:
            if state.turns.work >= limit:
                return
        if state.unsorted.get(function) is sorting:
            # Else the limits have changed again meanwhile.
            del state.unsorted[function]
            flow.is_sorting = False
            flows.look(state, function, flow)


def _sort(state: State, function: Function, keys: FlowKeys) -> Iterator[None]:
    for job in list(function.running):
        if keys.holder(job) is not None:
            keys.note(job, state.server_time())
    for queue in function.ready:
        for _ in range(queue.size()):
            first = queue.head()
            if first is not None:
                state.turns.work += _JOB
                _place(state, first, keys, queue)
            yield
    for name in list(keys.live):
        key = keys.live.get(name)
        if key is not None:
            state.turns.work += _KEY
            settle(state, function, keys, key)
        yield


def _place(state: State, job: Job, keys: FlowKeys, queue: JobQueue) -> None:
    """Put a ready job at its queue's tail, or have its key hold it."""
    key = keys.holder(job)
    if key is None or job in key.ready:
        queue.remove(job)
        queue.push(job)
    else:
        move(state, job, SUBMITTED)
        place(state, job)
