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
READY             in one of its function's three queues
RUNNING           in its function's ``running`` and its worker's
PAGED             counted by a window: in the store alone, once its batch is durable
FINISHED          nowhere any more
================  ==============================================================
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import results
from geartrain.engine.model.endings import ending_of
from geartrain.engine.model.jobs import (
    FINISHED,
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
)
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import IN_MEMORY
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state import functions, windows
from geartrain.engine.state.following import note_job
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_run, count_wait

__all__ = ["TRANSITIONS", "assign", "finish", "move", "place", "remember", "wait"]

TRANSITIONS: Final[dict[JobState, tuple[JobState, ...]]] = {
    SUBMITTED: (TENTATIVE, SCHEDULED, READY, PAGED, FINISHED),
    TENTATIVE: (SCHEDULED, READY, PAGED, FINISHED),
    SCHEDULED: (SUBMITTED, READY, FINISHED),
    READY: (SUBMITTED, RUNNING, FINISHED),
    RUNNING: (SCHEDULED, READY, PAGED, FINISHED),
    PAGED: (SUBMITTED, SCHEDULED, READY, FINISHED),
    FINISHED: (),
}

# The same by the numbers of both: a move takes 50 instructions to be looked up here.
_IS_ALLOWED: Final[list[list[bool]]] = [
    [to in TRANSITIONS[was] for to in STATES] for was in STATES
]

# What followers are told of a job that moves, by the number of the state it enters;
# of its end they are told by its outcome.
_EVENTS: Final = ["", "", "scheduled", "ready", "running", "waiting", ""]

# The history takes at most this part of --max-memory.
_HISTORY: Final = 16

# What this many crews of a function cost is not counted.
_FEW_CREWS: Final = 16


def move(state: State, job: Job, to: JobState) -> None:
    """Move a job from the state it is in to another.

    Raises:
        RuntimeError: ``TRANSITIONS`` does not have this move; the job stays as it is.
    """
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
        _enter_worker(job)
    elif to is FINISHED:
        _enter_end(state, job)
    elif to is not SUBMITTED:
        _enter_waiting(state, job)


def _leave_queue(state: State, job: Job) -> None:
    job.function.ready[job.priority].remove(job)
    # Others may come in from the store in its place.
    if job.function.windows[job.priority].is_wanting():
        windows.refill(state, job.function, job.priority)


def _leave_worker(state: State, job: Job) -> None:
    worker = job.worker
    assert worker is not None
    del worker.running[job]
    if worker.timed:
        worker.timed.pop(job, None)
    if job.collected is not None:
        results.discard(state, job)
    del job.function.running[job]
    job.worker = None
    count_run(state, job.function, state.server_time() - job.started)
    job.numerator = b"0"
    job.denominator = b"0"
    state.timeouts.cancel(job)


def _leave_waiting(state: State, job: Job) -> None:
    """Take a job from among the tentative, the scheduled, or the paged ones."""
    function = job.function
    if job.state is SCHEDULED:
        del function.scheduled[job]
        function.scheduled_counts[job.priority] -= 1
        function.scheduled_bytes -= job.size
        state.alarms_by(job.is_steady).cancel(job)
    elif job.state is PAGED:
        window = function.windows[job.priority]
        window.give(job.number, job.due)
        window.leaving -= 1
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
    crews = function.crews
    if len(crews) > _FEW_CREWS:
        # Each is told, and passed by if none of its workers sleeps.
        state.turns.work += len(crews) >> 3
    if queue.size() == 1:
        for crew in crews:
            crew.notice(function, priority)
    if functions.policy(state, function).ttl > 0:
        functions.watch(state, function)
    state.wakeups.rouse(function, state.now)


def _enter_worker(job: Job) -> None:
    assert job.worker is not None
    job.function.running[job] = None
    job.worker.running[job] = None


def _enter_waiting(state: State, job: Job) -> None:
    """Put a job among the tentative, the scheduled, or the paged ones."""
    function = job.function
    if job.state is SCHEDULED:
        function.scheduled[job] = None
        function.scheduled_counts[job.priority] += 1
        function.scheduled_bytes += job.size
        state.alarms_by(job.is_steady).set(job, job.due)
    elif job.state is PAGED:
        windows.page_out(state, job)
    else:
        function.tentative[job] = None


def _enter_end(state: State, job: Job) -> None:
    """Part a job from all that knows it."""
    state.let_go(job)
    function = job.function
    if state.result_waits:
        results.wake(state, job.handle, None)
    if job.key and function.keyed.get(job.key) is job:
        del function.keyed[job.key]
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
    elif function.windows[priority].ready or not windows.has_room(
        state, function, priority
    ):
        move(state, job, PAGED)
        windows.refill(state, function, priority)
    else:
        move(state, job, READY)


def place(state: State, job: Job) -> None:
    """Queue a job in memory, or schedule it if it is not due."""
    move(state, job, SCHEDULED if state.wait_of(job) > 0 else READY)


def assign(state: State, job: Job, worker: Peer) -> None:
    """Give a ready job to a worker, and set the timer of this attempt."""
    function = job.function
    job.worker = worker
    job.started = state.server_time()
    count_wait(state, function, job.started - job.waiting_since())
    move(state, job, RUNNING)
    own = worker.abilities.get(function, 0.0)
    policy = functions.policy(state, function)
    if policy.result_ttl > 0 or policy.cache_ttl > 0 or state.result_waits:
        results.collect(state, job, policy)
    limit = policy.timeout
    if own > 0 and (limit == 0 or own < limit):
        worker.timed[job] = state.now + limit if limit > 0 else 0.0
        state.timeouts.set(job, state.now + own)
    elif limit > 0:
        state.timeouts.set(job, state.now + limit)


def finish(state: State, job: Job, outcome: bytes, result: int = 0) -> None:
    """End a job, wherever it is, and have the store forget it.

    ``outcome`` is what becomes of it, one of ``endings.STATUSES``, and ``result`` the
    bytes of its result.
    """
    if job.batch:
        state.journal.end(job)
    remember(state, job, outcome, result)
    move(state, job, FINISHED)


def remember(state: State, job: Job, outcome: bytes, result: int = 0) -> None:
    """Have the history and followers know what becomes of a job that ends now."""
    if state.events.is_on:
        failures = job.failures
        error = b"" if failures is None or outcome == SUCCEEDED else failures.error
        note_job(state, job, outcome.decode(), error)
    seconds = functions.policy(state, job.function).history
    history = state.history
    most = history.most
    limit = state.memory.limit
    if limit and limit // _HISTORY < most:
        most = limit // _HISTORY
    is_stored = seconds > IN_MEMORY and state.journal.keeps_jobs
    if seconds <= 0 or (most <= 0 and not is_stored):
        return
    now = state.server_time()
    ending = ending_of(job, outcome, now)
    ending.until = now + seconds
    ending.result_size = result
    history.add(ending, most)
    if is_stored:
        history.is_stored = True
        ending.serial = history.following() - 1
        state.journal.keep_ending(ending)
        results.expect(state, ending.until)
