"""Pages: jobs that only the store had come into memory."""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs.life import move
from geartrain.engine.jobs.placing import place, place_paged
from geartrain.engine.model.jobs import PAGED, SUBMITTED, Job, kept_job
from geartrain.engine.queries import DuePage, Page
from geartrain.engine.records import JobRecord
from geartrain.engine.state import flow_keys, functions, windows
from geartrain.engine.state.graph import rejoin
from geartrain.engine.state.state import State
from geartrain.engine.window.windows import Window
from geartrain.texts import quoted

__all__ = ["forget", "page_in", "recall", "restore", "take_out"]

# Seconds until a page that could not be read is asked for again.
_PAUSE: Final = 1.0


def forget(state: State, job: Job) -> None:
    """Forget a job that is durable and in the store's care alone, if it is."""
    if job.state is not PAGED or state.journal.is_forgetting(job) or job.is_awaited():
        return
    function = job.function
    window = windows.window_of(job)
    window.leaving -= 1
    if state.jobs.get(job.handle) is job:
        state.let_go(job)
    if job.key:
        function.leave_key(job)
    windows.refill(state, function, window)


def page_in(state: State, query: Page | DuePage, window: Window) -> None:
    """Take in what the store answered to what a window wanted read."""
    state.memory.pages -= query.weight
    is_any = _take_in(state, query.records)
    _report(state, query, window)
    is_steady = isinstance(query, DuePage) and query.is_steady
    lost = window.turn(query, is_any, state.time_by(is_steady))
    if lost:
        state.warn(
            "jobs_missing",
            f"{lost} jobs of {quoted(window.function)} are not where the store "
            "counts them: see geartrain store check",
        )
    state.weigh()
    function = state.functions.get(window.function)
    if function is None or not function.has_window(window):
        # It was dropped while the store still had something to say of it.
        pass
    elif query.error:
        state.warn(
            "page_failed",
            f"jobs of {quoted(window.function)} cannot be read: {query.error}",
        )
        state.alarms.cancel(window)
        state.alarms.set(window, state.server_time() + _PAUSE)
    else:
        if isinstance(query, DuePage):
            windows.arm(state, window.shelf(is_steady))
        windows.refill(state, function, window)
        flow_keys.tidy_by_name(state, function, window.queue_key)
        functions.retire(state, function)
    windows.page_on(state)


def _take_in(state: State, records: list[JobRecord]) -> bool:
    """Queue stored jobs in memory; return True if there was any."""
    is_any = False
    for record in records:
        job = state.jobs.get(record.handle)
        if job is None:
            if state.journal.has_left(record.number):
                continue
            job = restore(state, record)
        elif job.state is not PAGED or job.due != record.due:
            # Else it was about to leave memory, and its turn has come.
            continue
        is_any = True
        place_paged(state, job)
    return is_any


def _report(state: State, query: Page | DuePage, window: Window) -> None:
    """Warn about the jobs that cannot be taken into memory."""
    damaged, oversized = window.leave_in_store(query)
    name = quoted(window.function)
    for number in oversized:
        state.warn(
            "job_oversized",
            f"job {number} of {name} is larger than a quarter of --max-memory and is "
            "left in the store: restart with more memory, or cancel "
            f"{state.handle(number).decode()}",
        )
    for number in damaged:
        state.warn(
            "job_damaged",
            f"job {number} of {name} is damaged in the store and is left there: see "
            "geartrain store check",
        )


def restore(state: State, record: JobRecord) -> Job:
    """Take a job from the store into memory; it is in no place then."""
    take_out(state, record)
    function = functions.find(state, record.function)
    job = kept_job(function, record)
    # It is durable: as if by a batch before the first.
    job.batch = -1
    if state.graph.successors:
        _hand(state, job)
        rejoin(state, job)
    state.remember(job)
    if job.key:
        function.enter_key(job)
    return job


def _hand(state: State, job: Job) -> None:
    """Give a job the workload that was made of what it waited for."""
    successor = state.graph.successors.get(job.number)
    if successor is not None and successor.workload:
        job.workload = successor.workload
        job.size = len(job.workload)


def take_out(state: State, record: JobRecord) -> None:
    """Count a job that only the store has no more where it waits."""
    state.journal.update(record)
    steered = state.journal.unsteer(record.number)
    if steered is not None and steered.state is PAGED:
        move(state, steered, SUBMITTED)
    else:
        function = functions.find(state, record.function)
        window = function.window(record.priority, record.queue_key)
        window.give(record.number, record.due)


def recall(state: State, record: JobRecord) -> Job | None:
    """Bring a job into memory out of its turn; None if it has ended."""
    job = state.jobs.get(record.handle)
    if job is None and not state.journal.has_left(record.number):
        job = restore(state, record)
        place(state, job)
    return job
