"""What holds of an engine's structures after every step."""

from __future__ import annotations

from collections.abc import Collection

from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, READY, RUNNING, SCHEDULED, TENTATIVE, Job
from geartrain.engine.model.peers import ASLEEP, WOKEN, Peer
from geartrain.engine.state.memory import cost, schedule_cost
from geartrain.engine.state.state import State

__all__ = [
    "each_is_in_exactly_one_place",
    "every_job_is_in_exactly_one_place",
    "every_job_is_wanted",
    "memory_is_what_is_held",
    "no_capable_worker_sleeps_beside_an_unpromised_job",
    "running_jobs_and_workers_agree",
    "workers_and_crews_agree",
]


def every_job_is_in_exactly_one_place(state: State) -> None:
    each_is_in_exactly_one_place(state, state.jobs.values())


def each_is_in_exactly_one_place(state: State, jobs: Collection[Job]) -> None:
    places: list[Job] = []
    for function in state.functions.values():
        places += _jobs_in_place(function)
    for job in state.jobs.values():
        if job.state is PAGED:
            assert job.batch
            assert job.background
            assert not job.is_awaited()
            places.append(job)
    assert len(places) == len(set(places)) == len(jobs)
    assert set(places) == set(jobs)
    for function in state.functions.values():
        _check_windows(state, function)


def _jobs_in_place(function: Function) -> list[Job]:
    mine: list[Job] = []
    for priority, queue in enumerate(function.ready):
        jobs = queue.jobs()
        assert len(jobs) == len(queue)
        assert all(job.state is READY for job in jobs)
        assert all(job.priority == priority for job in jobs)
        assert queue.workload() == sum(job.size for job in jobs)
        mine.extend(jobs)
    assert all(job.state is RUNNING for job in function.running)
    assert all(job.state is SCHEDULED for job in function.scheduled)
    assert all(job.state is TENTATIVE for job in function.tentative)
    mine.extend(function.running)
    mine.extend(function.scheduled)
    mine.extend(function.tentative)
    assert all(job.function is function for job in mine)
    return mine


def _check_windows(state: State, function: Function) -> None:
    for priority, window in enumerate(function.windows):
        assert window.priority == priority
        assert window.ready >= 0
        assert window.delayed >= 0
        leaving = [
            job
            for job in {*state.jobs.values(), *_steered(state)}
            if job.state is PAGED
            and job.function is function
            and job.priority == priority
        ]
        assert window.leaving == len(leaving) <= window.size()


def _steered(state: State) -> set[Job]:
    """Return the jobs of the store alone that were put elsewhere, for now."""
    journal = state.journal
    gatherings = [each for each in (journal._next, journal._taken) if each is not None]
    return {job for gathering in gatherings for job in gathering.leaving}


def memory_is_what_is_held(state: State) -> None:
    held = sum(cost(job) for job in state.jobs.values())
    held += sum(schedule_cost(schedule) for schedule in state.schedules.values())
    assert state.memory.jobs == held
    assert state.memory.packets == sum(peer.buffered for peer in state.peers)
    for peer in state.peers:
        assert peer.buffered == peer.parser.held()


def every_job_is_wanted(state: State, connected: Collection[Peer]) -> None:
    for job in state.jobs.values():
        assert job.background or job.is_awaited() or job.state is RUNNING
        for client in job.clients():
            assert client in connected
            assert job in client.awaited


def running_jobs_and_workers_agree(state: State, connected: Collection[Peer]) -> None:
    for peer in connected:
        for job in peer.running:
            assert job.worker is peer
            assert job in job.function.running
    for function in state.functions.values():
        for job in function.running:
            assert job.worker is not None
            assert job.worker in connected
            assert job in job.worker.running


def no_capable_worker_sleeps_beside_an_unpromised_job(
    state: State, connected: Collection[Peer]
) -> None:
    for function in state.functions.values():
        asleep = [
            peer
            for peer in connected
            if peer.wakefulness is ASLEEP and function in peer.abilities
        ]
        assert not (asleep and function.unpromised())
        for peer in function.promised:
            assert peer.promise is function
            assert peer.wakefulness is WOKEN


def workers_and_crews_agree(state: State, connected: Collection[Peer]) -> None:
    for peer in connected:
        for function in peer.abilities:
            assert peer in function.workers
        if peer.crew is not None:
            assert peer in peer.crew.members
            assert set(peer.crew.functions) == set(peer.abilities)
            assert (peer in peer.crew.sleepers) == (peer.wakefulness is ASLEEP)
    for function in state.functions.values():
        assert set(function.workers) <= set(connected)
        assert all(crew.members for crew in function.crews)
