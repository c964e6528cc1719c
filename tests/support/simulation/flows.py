"""What holds of an engine's limits after every step."""

from __future__ import annotations

from collections import Counter

from geartrain.engine.state.state import State

__all__ = [
    "keys_let_go_what_may_start",
    "no_more_run_than_may",
    "what_may_start_is_told",
]


def no_more_run_than_may(state: State) -> None:
    for function in state.functions.values():
        limit = function.policy.concurrency
        assert not limit or len(function.running) <= limit
        limit = function.policy.key_concurrency
        running = Counter(job.flow_key for job in function.running if job.flow_key)
        assert not limit or max(running.values(), default=0) <= limit


def keys_let_go_what_may_start(state: State) -> None:
    """No job is held that could start; where it may soon, an alarm is set."""
    now = state.server_time()
    for function in state.functions.values():
        keys = function.keys()
        for key in [] if keys is None else keys.live.values():
            assert keys is not None
            assert not key.is_settling
            assert not key.is_over(now)
            if function in state.unsorted:
                continue
            running = {job for job in function.running if job.flow_key == key.name}
            assert not keys.is_limited or set(key.running) == running
            following = keys.following(key, now)
            alarms = {item: when for when, item in state.alarms.first(1000)}
            assert following is None or alarms[key] <= now
            if keys.next_at(key, now) > 0:
                # What a change of policy made overdue rings at once.
                assert alarms[key] <= max(keys.next_at(key, now), now)


def what_may_start_is_told(state: State) -> None:
    """Crews see as many jobs as may start now, or an alarm will tell them."""
    now = state.server_time()
    for function in state.functions.values():
        flow = function.flow
        if flow is None:
            continue
        allowed = flow.allowed(len(function.running), now)
        ready = function.ready_count()
        if min(allowed, ready) > min(flow.open, ready):
            alarm = {item: when for when, item in state.alarms.first(1000)}
            assert alarm[flow] <= now
        assert flow.open <= allowed or flow.open == 0
        if flow.open > 0 and ready and not function.policy.paused:
            for crew in function.crews:
                assert crew.candidate_count() > 0
