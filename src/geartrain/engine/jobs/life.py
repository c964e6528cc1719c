"""The life of a job: its states, the moves between them, and what moves it.

Two rules hold in this file, and nowhere else does anything change a job's state.

1. A job is in exactly one state, and each state has one structure that the job is in:
   ``move`` takes it out of the one and puts it into the other, in one step.
2. A move that ``TRANSITIONS`` does not have raises, in every build: it is a defect, and
   a job server that went on would run a job twice or lose it.

================  ==============================================================
state             where the job is
================  ==============================================================
SUBMITTED         in no structure: it was just submitted, read from the store, or
                  taken out to be put elsewhere
TENTATIVE         in its function's ``tentative``, until the store has said whether
                  it is another's twin
SCHEDULED         in its function's ``scheduled``, with an alarm
READY             in one of its function's three queues; with an alarm if it has a
                  time to live of its own
HELD              in its flow key's queue: it could run but for the key's limits, or
                  is for one worker alone, which takes it from there
BEHIND            in its function's ``behind``: READY, if another one with its key
                  did not run
RUNNING           in its function's ``running`` and its worker's
PAGED             counted by a window: in the store alone, once its batch is durable
FINISHED          nowhere any more
================  ==============================================================
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import results
from geartrain.engine.model.addressees import is_addressed
from geartrain.engine.model.flow_keys import FlowKey, FlowKeys
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import (
    BEHIND,
    FINISHED,
    HELD,
    NOBODY,
    PAGED,
    READY,
    RUNNING,
    SCHEDULED,
    STATES,
    SUBMITTED,
    TENTATIVE,
    Job,
    JobState,
    own_ttl,
)
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import (
    addressees,
    flow_keys,
    flows,
    functions,
    quotas,
    windows,
)
from geartrain.engine.state.following import note_job
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_run, count_wait

__all__ = [
    "TRANSITIONS",
    "assign",
    "leave_to_store",
    "move",
    "settle",
]

TRANSITIONS: Final[dict[JobState, tuple[JobState, ...]]] = {
    SUBMITTED: (TENTATIVE, SCHEDULED, READY, HELD, BEHIND, PAGED, FINISHED),
    TENTATIVE: (SCHEDULED, READY, HELD, BEHIND, PAGED, FINISHED),
    SCHEDULED: (SUBMITTED, READY, HELD, BEHIND, FINISHED),
    READY: (SUBMITTED, HELD, BEHIND, RUNNING, FINISHED),
    HELD: (SUBMITTED, READY, BEHIND, RUNNING, FINISHED),
    RUNNING: (SCHEDULED, READY, HELD, PAGED, FINISHED),
    PAGED: (SUBMITTED, SCHEDULED, READY, HELD, BEHIND, FINISHED),
    FINISHED: (),
    BEHIND: (SUBMITTED, READY, HELD, FINISHED),
}

# The same by the numbers of both: a move takes 50 instructions to be looked up here.
_IS_ALLOWED: Final[list[list[bool]]] = [
    [to in TRANSITIONS[was] for to in STATES] for was in STATES
]

# What followers are told of a job that moves, by the number of the state it enters;
# of its end they are told by its outcome.
_EVENTS: Final = [
    *("", "", "scheduled", "ready", "held", "running", "waiting", "", "waiting"),
]

# What this many crews of a function cost is not counted.
_FEW_CREWS: Final = 16


def move(state: State, job: Job, to: JobState) -> None:
    """Move a job from the state it is in to another.

    Of two jobs with one key only one runs: where the other does, a job that would be
    READY is BEHIND.

    Where flow keys have limits, a job that is to be ready may be held instead, and the
    others of its key move as far as there is room for them now.

    Raises:
        RuntimeError: ``TRANSITIONS`` does not have this move; the job stays as it is.
    """
    if to is READY and state.is_fenced and job.batch:
        leave_to_store(state, job)
        return
    twin = job.function.twin(job) if job.function.elders else None
    if twin is None:
        _move_in_flow(state, job, to)
        return
    if to is READY and twin.state is RUNNING:
        to = BEHIND
    was = job.state
    _move_in_flow(state, job, to)
    if to is RUNNING and twin.state in (READY, HELD):
        _move_in_flow(state, twin, BEHIND)
    elif was is RUNNING and twin.state is BEHIND:
        _move_in_flow(state, twin, READY)


def leave_to_store(state: State, job: Job) -> None:
    """Have a kept job that would be ready wait in the store, because of a fence."""
    if PAGED not in TRANSITIONS[job.state]:
        _move_in_flow(state, job, SUBMITTED)
    if job.due > 0:
        # It may have come due in memory, which changes its clock.
        state.journal.move(job)
    _move_in_flow(state, job, PAGED)


def _move_in_flow(state: State, job: Job, to: JobState) -> None:
    flow = job.function.flow
    if flow is not None and flow.keys is not None:
        _move_keyed(state, job, to, flow.keys)
    elif to is READY and job.flow_key and is_addressed(job.flow_key):
        _move_keyed(state, job, to, job.function.make_keys())
    else:
        _move(state, job, to)


def _move_keyed(state: State, job: Job, to: JobState, keys: FlowKeys) -> None:
    """Move a job of a function with flow keys, and the others of its key after it."""
    function = job.function
    now = state.server_time()
    was = job.state
    if to is READY and was is not HELD and keys.holds(job, now):
        to = HELD
    _move(state, job, to)
    key = keys.note(job, now)
    if key is None or (was is SUBMITTED and keys.is_behind(key, job)):
        return
    settle(state, function, keys, key)


def settle(state: State, function: Function, keys: FlowKeys, key: FlowKey) -> None:
    """Move the jobs of a flow key that may start now, or may not any more."""
    if key.is_settling:
        return
    if key.addressee:
        addressees.settle(state, function, keys, key)
        return
    key.is_settling = True
    now = state.server_time()
    job = keys.following(key, now)
    while job is not None:
        state.turns.work += 1
        _move(state, job, HELD if job.state is READY else READY)
        keys.note(job, now)
        job = keys.following(key, now)
    key.is_settling = False
    flow_keys.rest(state, function, keys, key)


def _move(state: State, job: Job, to: JobState) -> None:
    was = job.state
    if not _IS_ALLOWED[was.number][to.number]:
        raise RuntimeError(f"job {job.number} cannot move from {was.name} to {to.name}")
    if was is READY:
        _leave_queue(state, job)
    elif was is RUNNING:
        _leave_worker(state, job)
    elif was is not SUBMITTED:
        _leave_waiting(state, job)
    job.state = to
    if state.events.is_on and _EVENTS[to.number]:
        note_job(state, job, _EVENTS[to.number])
    if to is READY:
        _enter_queue(state, job)
    elif to is RUNNING:
        _enter_worker(state, job)
    elif to is FINISHED:
        _enter_end(state, job)
    elif to is not SUBMITTED:
        _enter_waiting(state, job)


def _leave_queue(state: State, job: Job) -> None:
    if job.timer:
        state.alarms.cancel(job)
    job.function.ready[job.priority].remove(job)
    # Others may come in from the store in its place.
    window = job.function.windows[job.priority]
    if window.is_wanting():
        windows.refill(state, job.function, window)
    if job.function.flow is not None:
        _refill_others(state, job.function)


def _refill_others(state: State, function: Function) -> None:
    """Have the jobs of all priorities come in where they share one room.

    They do where the order is fifo, because one key holds them all.
    """
    keys = function.keys()
    if keys is None or not keys.is_fifo:
        return
    for window in function.windows:
        if window.is_wanting():
            windows.refill(state, function, window)


def _leave_worker(state: State, job: Job) -> None:
    worker = job.worker
    assert worker is not None
    del worker.running[job]
    if worker.timed:
        worker.timed.pop(job, None)
    if job.collected is not None:
        results.discard(state, job)
    function = job.function
    del function.running[job]
    job.worker = None
    count_run(state, job, state.server_time() - job.started)
    job.numerator = b"0"
    job.denominator = b"0"
    state.timeouts.cancel(job)
    flow = function.flow
    if flow is not None and flow.is_counting():
        flows.look(state, function, flow)


def _leave_waiting(state: State, job: Job) -> None:
    """Take a job from among the tentative, scheduled, held, behind or paged ones."""
    function = job.function
    if job.state is SCHEDULED:
        del function.scheduled[job]
        function.scheduled_counts[job.priority] -= 1
        function.scheduled_bytes -= job.size
        state.alarms_by(job.is_steady).cancel(job)
    elif job.state is PAGED:
        window = windows.window_of(job)
        window.give(job.number, job.due)
        window.leaving -= 1
    elif job.state is BEHIND:
        del function.behind[job]
    elif job.state is HELD:
        if job.timer:
            state.alarms.cancel(job)
        function.make_keys().let_go(job)
        _refill_others(state, function)
    else:
        del function.tentative[job]


def _enter_queue(state: State, job: Job) -> None:
    """Put a job at the tail of its priority's queue, and wake a worker for it."""
    function = job.function
    priority = job.priority
    queue = function.ready[priority]
    if job.due > 0 and not job.is_steady:
        # The time has come. How long ago that is, no step of the clock changes.
        job.due = max(job.due - state.calendar_shift(), 1.0)
        job.is_steady = True
    queue.push(job)
    if job.options:
        _limit_wait(state, job)
    crews = function.crews
    if len(crews) > _FEW_CREWS:
        # Each is told, and passed by if none of its workers sleeps.
        state.turns.work += len(crews) >> 3
    if queue.size() == 1:
        for crew in crews:
            crew.notice(function, priority)
    if functions.policy(state, function).ttl > 0:
        functions.watch(state, function)
    flow = function.flow
    if flow is not None and flow.is_counting():
        flows.look(state, function, flow)
    else:
        state.wakeups.rouse(function, state.now)


def _limit_wait(state: State, job: Job) -> None:
    """Set the alarm of a ready job that has a time to live of its own."""
    ttl = own_ttl(job)
    if ttl > 0:
        state.alarms.set(job, job.waiting_since() + ttl)


def _enter_worker(state: State, job: Job) -> None:
    assert job.worker is not None
    function = job.function
    function.running[job] = None
    job.worker.running[job] = None
    if function.flow is not None:
        flows.start(state, job, function.flow)


def _enter_waiting(state: State, job: Job) -> None:
    """Put a job among the tentative, scheduled, held, behind or paged ones."""
    function = job.function
    if job.state is SCHEDULED:
        function.scheduled[job] = None
        function.scheduled_counts[job.priority] += 1
        function.scheduled_bytes += job.size
        state.alarms_by(job.is_steady).set(job, job.due)
    elif job.state is PAGED:
        windows.page_out(state, job)
    elif job.state is BEHIND:
        function.behind[job] = None
    elif job.state is HELD:
        function.make_keys().hold(job)
        if job.options:
            _limit_wait(state, job)
    else:
        function.tentative[job] = None


def _enter_end(state: State, job: Job) -> None:
    """Part a job from all that knows it."""
    state.let_go(job)
    if job.owner:
        quotas.end(state, job)
    function = job.function
    if state.result_waits:
        results.wake(state, job.handle, None)
    if job.key:
        function.leave_key(job)
    _leave_clients(job)
    if not function.workers:
        functions.retire(state, function)


def _leave_clients(job: Job) -> None:
    """Part a job from the clients that wait for it."""
    client = job.client
    if client is None:
        return
    del client.awaited[job]
    job.client = None
    # Nearly every job has one: a list of them takes 1,400 instructions.
    if job.others:
        for other in job.others:
            del other.awaited[job]
        job.others = NOBODY


def assign(state: State, job: Job, worker: Peer) -> None:
    """Give a ready job to a worker, and set the timer of this attempt."""
    function = job.function
    job.worker = worker
    job.started = state.server_time()
    count_wait(state, job, job.started - job.waiting_since())
    move(state, job, RUNNING)
    own = worker.abilities.get(function, 0.0)
    policy = functions.policy(state, function)
    is_kept = policy.keeps_ends or bool(job.options)
    if is_kept or state.result_waits or state.graph.waiting:
        results.collect(state, job, policy)
    limit = policy.timeout
    if own > 0 and (limit == 0 or own < limit):
        worker.timed[job] = state.now + limit if limit > 0 else 0.0
        state.timeouts.set(job, state.now + own)
    elif limit > 0:
        state.timeouts.set(job, state.now + limit)
