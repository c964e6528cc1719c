"""Settling: what the end of a commit means for jobs, their submitters and backlogs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geartrain.engine import paging
from geartrain.engine.jobs import PAGED, READY, SCHEDULED, SUBMITTED, Job
from geartrain.engine.journal import Asked, Collected, Promise
from geartrain.protocol.admin import error as text_error
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode

if TYPE_CHECKING:
    from geartrain.engine.state import State

__all__ = ["commit", "refuse"]

_JOB_CREATED: Final = int(PacketType.JOB_CREATED)
_ERROR: Final = int(PacketType.ERROR)


def commit(state: State) -> list[Asked]:
    """React to the batch taken having become durable.

    Returns its queries, now answered.
    """
    done = state.journal.settle()
    if done.batch.refusals:
        _refuse_some(state, done)
    twins = _place_tentative(state, done)
    if twins:
        for promise in done.promises:
            if promise.job is not None and promise.job in twins:
                promise.replace(encode(_JOB_CREATED, twins[promise.job]))
    for job in done.leaving:
        paging.forget(state, job)
    for peer in done.waiting:
        peer.release()
        state.turns.add(peer)
    return done.asked


def _refuse_some(state: State, done: Collected) -> None:
    """Answer the submitters of jobs that the store has left out, and let go of them."""
    refusals = done.batch.refusals
    refused = {job for job in done.jobs if job.number in refusals}
    for promise in done.promises:
        if promise.job is not None and promise.job in refused:
            reason = refusals[promise.job.number].encode()
            promise.replace(encode(_ERROR, b"QUEUE_ERROR\0" + reason))
    for job in done.jobs:
        if job not in refused:
            continue
        if job.number in done.buried:
            job.function.dead -= 1
            state.retire(job.function)
        _forgo(state, job)
    done.jobs = [job for job in done.jobs if job not in refused]
    state.warn(
        "jobs_refused",
        f"{len(refused)} large background jobs were refused, others are taken: "
        f"{next(iter(refusals.values()))}",
    )


def _place_tentative(state: State, done: Collected) -> dict[Job, bytes]:
    """Let the tentative jobs wait that are jobs of their own.

    Returns the others with the handles of the jobs they are twins of, and ends them.
    """
    twins: dict[Job, bytes] = {}
    for job in done.jobs:
        record, job.record = job.record, None
        if record is None or not record.is_tentative or job.state is not SUBMITTED:
            continue
        if record.twin:
            twins[job] = _handle_of_twin(state, job, record.twin)
            job.function.counters.submitted -= 1
            job.batch = 0
            state.remove(job)
        else:
            state.leave(job)
            paging.enter(state, job)
    return twins


def _handle_of_twin(state: State, job: Job, number: int) -> bytes:
    # It may have come into memory meanwhile, and then has the key.
    twin = job.function.keyed.get(job.key)
    if twin is not None and twin.number == number:
        return twin.handle
    return state.handle(number)


def refuse(state: State, reason: str, *, is_rest_saved: bool = False) -> list[Asked]:
    """React to the store's refusal of the batch taken: answer its submitters so.

    With ``is_rest_saved`` the store has refused only what is new in it: who waits for
    anything else gets the answer that was promised. Clients that wait for a job that
    was not kept still get its result, and a worker may finish it. Returns the batch's
    queries, now answered.
    """
    failed = state.journal.refuse(is_rest_saved=is_rest_saved)
    packet = encode(_ERROR, b"QUEUE_ERROR\0" + reason.encode())
    text = text_error(b"QUEUE_ERROR", reason)
    refused = {*failed.jobs}
    has_schedules = bool(failed.batch.schedules)
    for promise in failed.promises:
        if is_rest_saved and not _is_new(promise, refused, has_schedules):
            continue
        promise.replace(text if promise.is_text else packet)
    for job in failed.jobs:
        _forgo(state, job)
    for job in state.journal.leaving():
        paging.page_again(state, job)
    state.journal.settle()
    for peer in failed.waiting:
        peer.release()
        state.turns.add(peer)
    return failed.asked


def _is_new(promise: Promise, refused: set[Job], has_schedules: bool) -> bool:
    """Tell whether an answer is about what a store has refused as new."""
    if promise.job is None:
        # Of packets, only one that makes a recurring job is answered so.
        return has_schedules and not promise.is_text
    return promise.job in refused


def _forgo(state: State, job: Job) -> None:
    """Let go of a job that could not be kept."""
    if state.journal.give_up(job):
        job.function.dead -= 1
        state.retire(job.function)
    job.batch = 0
    job.record = None
    job.background = False
    if job.is_awaited():
        if job.state is PAGED or job.state is SUBMITTED:
            state.leave(job)
            state.place(job)
    elif job.state in (SUBMITTED, READY, SCHEDULED, PAGED):
        state.remove(job)
