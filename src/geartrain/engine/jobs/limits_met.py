"""Limits that a waiting job meets: its function's, or its flow key's."""

from __future__ import annotations

from geartrain.engine.model.flow_keys import FlowKey, FlowKeys
from geartrain.engine.model.flows import Flow
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import HELD, Job
from geartrain.engine.model.submission_options import kept_number
from geartrain.engine.records import StoredJob
from geartrain.engine.state.state import State
from geartrain.texts import counted, quoted, shown, span_of

__all__ = ["LimitMet", "limit_met", "limit_of_nodes", "next_start", "start_limit"]


class LimitMet:
    """Which limit it is, and until when it holds."""

    def __init__(self, code: str, sentence: str, due: float = 0.0) -> None:
        self.code = code
        """``rate``, ``concurrency``, ``key_rate``, ``key_concurrency``, ``order``; of a
        job for one worker ``absent``, ``woken`` or ``addressed``; ``node_limit``.
        """
        self.sentence = sentence
        """The same for people."""
        self.due = due
        """About when the job may start, a server time; 0 if that is not known."""


def limit_met(state: State, function: Function, job: StoredJob) -> LimitMet | None:
    """Return the limit that keeps a job from starting; None if none does."""
    flow = function.flow
    if flow is None:
        return None
    keys = flow.keys
    key = None if keys is None else keys.live.get(job.flow_key)
    is_held = job.queue_key != b"" or (isinstance(job, Job) and job.state is HELD)
    if keys is not None and key is not None and is_held:
        return _of_key(state, function, keys, key, job)
    return _of_function(state, function, flow) if flow.open <= 0 else None


def limit_of_nodes(state: State, function: Function) -> LimitMet | None:
    """Return the limit at other job servers; None if a worker takes jobs of it now."""
    names: dict[str, None] = {}
    for worker in function.workers:
        state.turns.work += 1
        if worker.node is None or function not in worker.declined:
            return None
        names[quoted(worker.node.name)] = None
    if not names:
        return None
    name = next(iter(names))
    who = f"node {name}, which has its workers, waits"
    if len(names) > 1:
        who = f"all {len(names)} nodes that have its workers, {name} first, wait"
    said = f"{who} for the limits of the function there, its rate or concurrency"
    return LimitMet("node_limit", said)


def start_limit(function: Function, keys: FlowKeys, key: FlowKey, now: float) -> str:
    """Return the limit that keeps the next job of a key from starting, as a code.

    Empty if none does: nothing waits, or it waits for a worker.
    """
    if not key.waiting_count():
        return ""
    if not key.ready:
        return _key_limit(keys, key, now)
    flow = function.flow
    return "" if flow is None or flow.open > 0 else _function_limit(function, flow)


def next_start(function: Function, keys: FlowKeys, key: FlowKey, limit: str) -> float:
    """Return the server time at which a limit lets the next job of a key start.

    0 if that is not known: another has to end before.
    """
    if limit == "order":
        return key.resumes
    if limit == "key_rate" and keys.rate is not None:
        return key.bucket.when(keys.rate, 1)
    flow = function.flow
    if limit == "rate" and flow is not None and flow.rate is not None:
        return flow.bucket.when(flow.rate, 1)
    return 0.0


def _key_limit(keys: FlowKeys, key: FlowKey, now: float) -> str:
    """Return the limit that lets no job of a key be ready; empty for none."""
    if key.resumes > now:
        return "order"
    if key.running and 0 < keys.concurrency <= len(key.running) + len(key.ready):
        return "key_concurrency"
    if keys.rate is not None and not key.ready and not keys.may_start(key, now):
        return "key_rate"
    return ""


def _function_limit(function: Function, flow: Flow) -> str:
    """Return the limit of a function none of whose jobs may start."""
    if flow.is_sorting or flow.is_waiting:
        return "order"
    if 0 < flow.concurrency <= len(function.running):
        return "concurrency"
    return "rate"


def _of_key(
    state: State, function: Function, keys: FlowKeys, key: FlowKey, job: StoredJob
) -> LimitMet:
    if key.addressee:
        return _of_addressee(state, function, keys, key, job)
    now = state.server_time()
    code = _key_limit(keys, key, now)
    name = f"its flow key {quoted(key.name)}" if key.name else "its function"
    before = key.held_count() + key.paged_count()
    waiting = f"{counted(before, 'job')} of it wait"
    if code == "order":
        said = f"{name} is in strict order, and the first pauses for "
        said += f"{span_of(key.resumes - now)} more: {waiting}"
        return LimitMet(code, said, key.resumes)
    if code == "key_concurrency":
        running = shown(next(iter(key.running)).handle)
        said = f"{name} runs {counted(len(key.running), 'job')}, which is all it may "
        return LimitMet(code, f"{said}({running}): {waiting}")
    if code == "key_rate" and keys.rate is not None:
        rate = function.policy.key_rate
        due = key.bucket.when(keys.rate, 1) + (before - 1) * keys.rate.interval
        said = f"{name} waits for its rate ({_part(state, rate)}): {waiting}, the last "
        said += "for about "
        return LimitMet(code, said + span_of(due - now), due)
    return LimitMet("order", f"others of {name} are before it: {waiting}")


def _part(state: State, rate: str) -> str:
    """Return a rate, and of how many parts of it this job server has one."""
    servers = state.share.servers
    return rate if servers == 1 else f"{rate}, by {servers} job servers"


def _of_addressee(
    state: State, function: Function, keys: FlowKeys, key: FlowKey, job: StoredJob
) -> LimitMet:
    before = key.held_count() + key.paged_count()
    which = "it is" if before == 1 else f"it is one of {counted(before, 'job')}"
    said = f"{which} for {shown(key.addressee)} alone, which "
    if not state.wakeups.addressees.is_present(key.addressee, function):
        own = kept_number(job.options, b"ttl")
        began = max(job.submitted, job.due)
        until = began + own if own > 0 else key.next_expiry(keys.ttl) if own else 0.0
        left = span_of(until - state.server_time())
        end = f": in {left} it is dropped" if until > 0 else ""
        return LimitMet("absent", f"{said}is not connected{end}")
    if key.coming:
        return LimitMet("woken", f"{said}has been woken")
    return LimitMet("addressed", f"{said}is busy")


def _of_function(state: State, function: Function, flow: Flow) -> LimitMet:
    running = len(function.running)
    code = _function_limit(function, flow)
    if flow.is_waiting:
        said = "this job server waits for its part of its function's limits"
        return LimitMet(code, f"{said}: others have used all until it came")
    if code == "order":
        return LimitMet(code, "its function's limits have just changed")
    if code == "concurrency":
        first = shown(next(iter(function.running)).handle)
        said = f"its function runs {counted(running, 'job')} at once, which is all it "
        return LimitMet(code, f"{said}may (the first is {first})")
    now = state.server_time()
    waiting = function.waiting_now()
    due = 0.0
    if flow.rate is not None:
        due = flow.bucket.when(flow.rate, 1) + (waiting - 1) * flow.rate.interval
    rate = _part(state, function.policy.rate)
    said = f"its function waits for its rate ({rate}): "
    said += f"{counted(waiting, 'job')} wait, the last for about {span_of(due - now)}"
    return LimitMet(code, said, due)
