"""How the limits of functions are kept: who may start now, and who is told of it.

A function with limits has a ``Flow``, which says how many of its ready jobs may start.
Crews and wake-ups ask it as they ask whether a function is paused: what may not start
costs them nothing. It is looked at again whenever a job of the function becomes ready,
starts, or runs no more, and when time brings the next token, for which there is one
alarm, however many jobs wait.
"""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.engine.model.flows import Flow, has_limits
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.shares import Share
from geartrain.engine.state.state import State

__all__ = ["adapt", "deliver", "divide", "look", "ring", "start"]


def adapt(state: State, function: Function) -> None:
    """Follow a function's policy, which has changed."""
    flow = function.flow
    if has_limits(function.policy):
        if flow is None:
            flow = function.flow = Flow(function.name)
        state.alarms.cancel(flow)
        _adapt(state, function, flow)
    elif flow is not None:
        state.alarms.cancel(flow)
        _adapt(state, function, flow)
        if flow.is_over(function.policy):
            function.flow = None


def _adapt(state: State, function: Function, flow: Flow) -> None:
    flow.adapt(function.policy, state.server_time(), state.share)
    if flow.is_sorting:
        if _has_something(function, flow):
            state.unsorted[function] = None
        else:
            flow.is_sorting = False
    look(state, function, flow)


def _has_something(function: Function, flow: Flow) -> bool:
    """Tell whether a function has jobs that limits of keys may concern."""
    if function.ready_count() or function.running:
        return True
    return flow.keys is not None and len(flow.keys.live) > 0


def divide(state: State, share: Share) -> None:
    """Keep to a part of all limits from now on; functions follow in turns to come."""
    if share != state.share:
        state.share = share
        state.turns.start(_adapt_each(state))


def _adapt_each(state: State) -> Iterator[None]:
    share = state.share
    for name in list(state.functions):
        function = state.functions.get(name)
        state.turns.work += 1
        if share != state.share:
            return
        if function is not None and function.flow is not None:
            adapt(state, function)
        yield


def start(state: State, job: Job, flow: Flow) -> None:
    """Note that a job starts, whose function has limits."""
    flow.has_helped = job.is_forwarded
    if not flow.is_counting():
        return
    if flow.rate is not None:
        flow.bucket.take(flow.rate, state.server_time())
    look(state, job.function, flow)


def look(state: State, function: Function, flow: Flow) -> None:
    """Find out how many jobs may start now, and wake as many workers."""
    now = state.server_time()
    was_open = flow.open > 0
    flow.open = flow.allowed(len(function.running), now)
    ready = function.ready_count() + flow.addressed_count()
    if ready > flow.open and flow.timer == 0:
        following = flow.next_at(now)
        if following > 0:
            state.alarms.set(flow, following)
    if not ready or flow.open <= 0:
        return
    if was_open:
        state.wakeups.rouse(function, state.now)
    else:
        _open(state, function)
    is_limited = flow.concurrency > 0 or flow.rate is not None
    if flow.addressed_count() and (is_limited or not was_open):
        deliver(state, function, flow)


def deliver(state: State, function: Function, flow: Flow) -> None:
    """Wake workers for jobs that are for them alone, as many as may start."""
    room = flow.open
    keys = [] if flow.keys is None else list(flow.keys.mail)
    for key in keys:
        if room <= 0:
            return
        state.turns.work += 1
        coming = len(key.coming)
        state.wakeups.rouse_for(key, function, state.now)
        room -= len(key.coming) - coming


def ring(state: State, flow: Flow) -> None:
    """React to time having brought a token."""
    function = state.functions.get(flow.function)
    if function is not None and function.flow is flow:
        look(state, function, flow)


def _open(state: State, function: Function) -> None:
    """Let crews know of jobs that they passed by, and wake workers for them."""
    state.turns.work += len(function.crews) >> 3
    for crew in function.crews:
        crew.learn_of(function)
    state.wakeups.rouse(function, state.now)
