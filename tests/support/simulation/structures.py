"""What holds of an engine's structures after every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from geartrain.engine.model.functions import Function
from geartrain.engine.model.graph import BATCH, NEVER
from geartrain.engine.model.jobs import (
    BEHIND,
    HELD,
    PAGED,
    READY,
    RUNNING,
    SCHEDULED,
    TENTATIVE,
    Job,
    own_ttl,
)
from geartrain.engine.model.peers import ASLEEP, WOKEN, Peer
from geartrain.engine.records import kept_text
from geartrain.engine.state import terms
from geartrain.engine.state.graph import is_wanted
from geartrain.engine.state.memory import cost, schedule_cost
from geartrain.engine.state.state import State
from geartrain.engine.window.windows import Window

__all__ = [
    "batches_count_their_jobs",
    "each_is_in_exactly_one_place",
    "every_job_is_in_exactly_one_place",
    "every_job_is_wanted",
    "keys_lead_to_their_jobs",
    "memory_is_what_is_held",
    "no_capable_worker_sleeps_beside_an_unpromised_job",
    "no_job_waits_too_long",
    "running_jobs_and_workers_agree",
    "schedules_and_runs_agree",
    "what_is_waited_for_is_there",
    "windows_of",
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
            assert state.is_fenced or not job.is_awaited()
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
        without = [job for job in jobs if own_ttl(job) < 0]
        assert queue.first_without_ttl() is (without[0] if without else None)
        assert all((job.timer > 0) == (own_ttl(job) > 0) for job in jobs)
        mine.extend(jobs)
    mine += _held_jobs(function)
    assert all(job.state is RUNNING for job in function.running)
    assert all(job.state is SCHEDULED for job in function.scheduled)
    assert all(job.state is TENTATIVE for job in function.tentative)
    assert all(job.state is BEHIND for job in function.behind)
    mine.extend(function.running)
    mine.extend(function.scheduled)
    mine.extend(function.tentative)
    mine.extend(function.behind)
    assert all(job.function is function for job in mine)
    return mine


def keys_lead_to_their_jobs(state: State) -> None:
    """Of two jobs with one key only one runs, and the other knows whether it does."""
    for function in state.functions.values():
        for key, job in (*function.keyed.items(), *function.elders.items()):
            assert job.key == key
            assert state.jobs[job.handle] is job
        for job in function.behind:
            twin = function.twin(job)
            assert twin is not None
            assert twin.state is RUNNING
    for job in state.jobs.values():
        # A tentative one makes room for another with its key that comes into memory.
        if job.key and job.state is not TENTATIVE:
            keyed, elder = job.function.keyed[job.key], job.function.twin(job)
            assert keyed in (job, elder)
            if elder is not None and elder.state is RUNNING:
                assert job.state not in (RUNNING, READY)


def _held_jobs(function: Function) -> list[Job]:
    """Return the jobs that flow keys hold, having looked at these."""
    keys = function.keys()
    if keys is None:
        return []
    held: list[Job] = []
    for name, key in keys.live.items():
        assert key.name == name
        for priority, queue in enumerate(key.held):
            jobs = [] if queue is None else queue.jobs()
            assert all(job.state is HELD for job in jobs)
            assert all(job.priority == priority for job in jobs)
            assert all(job.flow_key == name for job in jobs)
            held += jobs
        assert all(job.state is READY for job in key.ready)
        assert all(job.state is RUNNING for job in key.running)
        assert key.running.keys() <= function.running.keys()
    for priority in range(3):
        assert keys.held[priority] == sum(job.priority == priority for job in held)
        windows = [key.windows[priority] for key in keys.live.values()]
        there = [window for window in windows if window is not None]
        tally = keys.paged[priority]
        assert tally.ready == sum(window.ready for window in there)
        assert tally.delayed == sum(window.delayed for window in there)
        assert tally.size() == sum(window.size() for window in there)
    assert keys.held_bytes == sum(job.size for job in held)
    return held


def windows_of(function: Function) -> list[Window]:
    """Return a function's windows, those of its flow keys included."""
    windows = [*function.windows]
    keys = function.keys()
    for key in [] if keys is None else keys.live.values():
        windows += [window for window in key.windows if window is not None]
    return windows


def no_job_waits_too_long(state: State, now: float) -> None:
    """Check that all have expired that were to, but for the pause between two looks."""
    for function in state.functions.values():
        keys = function.keys()
        held = [] if keys is None else keys.held_jobs()
        for job in [*held, *(job for queue in function.ready for job in queue.jobs())]:
            ttl = terms.ttl(state, job)
            assert ttl == 0 or job.waiting_since() + ttl > now - 0.01


def _check_windows(state: State, function: Function) -> None:
    for window in windows_of(function):
        assert function.has_window(window)
        assert window.ready >= 0
        assert window.delayed >= 0
        leaving = [
            job
            for job in {*state.jobs.values(), *_steered(state)}
            if job.state is PAGED
            and job.function is function
            and job.priority == window.priority
            and job.queue_key == window.queue_key
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


def schedules_and_runs_agree(state: State) -> None:
    tracked: dict[int, set[bytes]] = {}
    for name, schedule in state.schedules.items():
        assert schedule.handle == name
        assert schedule.function.recurring[schedule.identity()] is schedule
        for run in schedule.runs:
            if run.number:
                tracked.setdefault(run.number, set()).add(name)
        is_awaited = schedule.timer or schedule in state.unreckoned
        assert is_awaited or schedule.is_paused
        held = schedule.held
        is_told = held.timer or schedule.outstanding() or schedule.owed.timer
        assert not held.due or is_told
    assert tracked == {
        number: {each.handle for each in schedules}
        for number, schedules in state.runs.items()
    }


def every_job_is_wanted(state: State, connected: Collection[Peer]) -> None:
    for job in state.jobs.values():
        is_leaving = bool(state.graph.recalled)
        assert is_wanted(state, job) or job.state is RUNNING or is_leaving
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


def batches_count_their_jobs(state: State) -> None:
    """Check that what is left of each batch is its jobs that have not ended."""
    left = Counter(kept_text(job.options, b"batch") for job in state.jobs.values())
    for batch in state.graph.batches.values():
        assert batch.left() == left[batch.name]
        assert batch.broadcast is None or not batch.to_make
        assert min(batch.total, batch.succeeded, batch.failed, batch.dead) >= 0


def what_is_waited_for_is_there(state: State) -> None:
    """Check that each job that waits waits for jobs that have not ended."""
    graph = state.graph
    for successor in graph.successors.values():
        job = state.jobs[successor.handle]
        assert (job.due >= NEVER) == (
            successor.is_blocked() or successor.number in graph.ready
        )
        for source in successor.sources:
            assert graph.waiting[source][successor.number] is successor
            if source.startswith(BATCH):
                assert graph.batches[source.removeprefix(BATCH)].left() > 0
            else:
                assert source in state.jobs
    for job in state.jobs.values():
        assert job.due < NEVER or job.number in graph.successors
