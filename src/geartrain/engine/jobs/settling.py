"""Settling: what the end of a commit means for jobs and their submitters."""

from __future__ import annotations

from geartrain.engine.durable.gathering import Gathering, Question
from geartrain.engine.jobs import results
from geartrain.engine.jobs.life import move
from geartrain.engine.jobs.paging import forget
from geartrain.engine.jobs.placing import place, wait
from geartrain.engine.jobs.replacing import give_back
from geartrain.engine.model import counts
from geartrain.engine.model.jobs import (
    BEHIND,
    FINISHED,
    HELD,
    PAGED,
    READY,
    SCHEDULED,
    TENTATIVE,
    Job,
)
from geartrain.engine.state import functions, graph, quotas, runs, windows
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_job, count_submission
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode

__all__ = ["settle"]


def settle(state: State, done: Gathering) -> list[Question]:
    """React to the end of a commit; return the questions that were answered with it.

    Clients that wait for a job that was refused still get its result, and a worker may
    finish it.
    """
    for job in done.unburied:
        job.function.dead -= 1
        graph.note_loss(state, job)
        functions.retire(state, job.function)
    for job in done.refused:
        _let_down(state, job, is_too_large=job.number in done.batch.refusals)
    for job, former in done.former.items():
        give_back(state, job, former)
    if done.batch.refusals and done.refused:
        _tell_refusals(state, done)
    results.settle_results(state, done)
    twins = _place_tentative(state, done)
    if twins:
        done.answer(twins)
    for job in done.leaving:
        forget(state, job)
    for job in done.unread:
        windows.page_again(state, job)
    for peer in done.peers:
        peer.release()
        state.turns.add(peer)
    return done.questions


def _let_down(state: State, job: Job, *, is_too_large: bool) -> None:
    """Let go of a job that could not be kept.

    Of one that ended before, nothing but its submitter's answer is left.
    """
    is_over = job.state is FINISHED
    if state.journal.holds or not is_over:
        count_job(state, job, counts.REFUSED)
    if is_over:
        job.batch = 0
        return
    _unkeep(state, job)
    job.record = None
    job.background = False
    if job.is_awaited():
        if job.state is PAGED or job.state is TENTATIVE:
            place(state, job)
    elif job.state in (TENTATIVE, READY, HELD, SCHEDULED, BEHIND, PAGED):
        move(state, job, FINISHED)
    if job.state is FINISHED and not is_too_large:
        runs.give_back(state, job.number)
    else:
        # It would be refused again, or somebody does it all the same.
        runs.end(state, job.number, "refused")


def _unkeep(state: State, job: Job) -> None:
    """Note that the store does not keep a job after all."""
    if state.graph.is_used:
        graph.withdraw(state, job)
    if job.owner and job.batch:
        quotas.unkeep(state, job)
    job.batch = 0


def _tell_refusals(state: State, done: Gathering) -> None:
    reason = next(iter(done.batch.refusals.values()))
    state.warn(
        "jobs_refused",
        f"{len(done.refused)} large background jobs were refused, others are taken: "
        f"{reason}",
    )


def _place_tentative(state: State, done: Gathering) -> dict[Job, bytes]:
    """Queue the tentative jobs that are no twins, and end those that are.

    Returns what to answer about these: the handles of the jobs they are twins of.
    """
    twins: dict[Job, bytes] = {}
    for job in done.jobs:
        record, job.record = job.record, None
        if record is None or job.state is not TENTATIVE:
            continue
        if record.twin:
            handle = _handle_of_twin(state, job, record.twin)
            runs.rename(state, job.number, record.twin)
            twins[job] = encode(PacketType.JOB_CREATED, handle)
            count_job(state, job, counts.JOINED)
            _unkeep(state, job)
            move(state, job, FINISHED)
        else:
            _claim(job)
            count_submission(state, job)
            wait(state, job)
    return twins


def _claim(job: Job) -> None:
    """Let submissions join a job that turned out to be no twin.

    Another with its key that came into memory meanwhile may have taken its place.
    """
    function = job.function
    if job.key and job not in (function.keyed.get(job.key), function.twin(job)):
        function.enter_key(job)


def _handle_of_twin(state: State, job: Job, number: int) -> bytes:
    # It may have come into memory meanwhile, and then has the key.
    twin = job.function.keyed.get(job.key)
    if twin is not None and twin.number == number:
        return twin.handle
    return state.handle(number)
