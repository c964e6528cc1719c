"""What holds of an engine and its store once all has been committed."""

from __future__ import annotations

from collections import Counter

from geartrain.engine.model.flow_keys import FlowKey
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, SCHEDULED, TENTATIVE, Job
from geartrain.engine.records import JobRecord
from geartrain.engine.state.state import State
from geartrain.engine.window.windows import Window
from tests.support.simulation.ledger import DEAD
from tests.support.simulation.server_under_test import ServerUnderTest
from tests.support.simulation.structures import windows_of

__all__ = ["check_function", "check_record", "check_rest"]


def check_rest(server: ServerUnderTest) -> None:
    """Check a server that is settled."""
    jobs, dead = server.store.jobs(), server.store.dead()
    _check_ledger(server, jobs, dead)
    _check_memory(server, jobs)
    for function in server.engine.state.functions.values():
        check_function(
            server.engine.state,
            function,
            list(jobs.values()),
            is_readable=not server.is_unreadable,
        )
        mine = [each for each in dead.values() if each.function == function.name]
        assert function.dead == len(mine)
    _check_twins(server, jobs)
    _check_batches(server)
    _check_connections(server)


def _check_ledger(
    server: ServerUnderTest, jobs: dict[bytes, JobRecord], dead: dict[bytes, JobRecord]
) -> None:
    entries = server.ledger.entries
    assert {handle for handle, each in entries.items() if each.fate == DEAD} == set(
        dead
    )
    for handle in jobs:
        assert not entries[handle].fate, f"{handle!r} is back"
    present = jobs.keys() | server.engine.state.jobs.keys()
    assert {handle for handle, each in entries.items() if not each.fate} == present


def _check_memory(server: ServerUnderTest, jobs: dict[bytes, JobRecord]) -> None:
    for job in server.engine.state.jobs.values():
        assert job.state is not TENTATIVE
        is_behind_fence = server.engine.state.is_fenced and job.is_awaited()
        assert job.state is not PAGED or is_behind_fence
        assert (job.handle in jobs) == (job.batch != 0)
        if job.batch:
            check_record(job, jobs[job.handle])
            kept = server.store.workload(job.number)
            assert kept == b"".join([job.workload, *job.more])


def check_record(job: Job, record: JobRecord) -> None:
    """Check that a store has a job as the engine has it."""
    assert record.function == job.function.name
    assert record.priority == job.priority
    assert record.unique == job.unique
    if job.is_steady == record.is_steady:
        assert record.due == job.due
    else:
        # Its time by the calendar has come, and counts on steadily.
        assert job.state is not SCHEDULED
    assert record.submitted == job.submitted
    kept = record.failures
    failures = job.failures
    assert (failures is None) == (kept is None)
    if failures is not None and kept is not None:
        assert failures.attempts == kept.attempts
        assert failures.crashes == kept.crashes
        assert failures.reason == kept.reason


def check_function(
    state: State, function: Function, jobs: list[JobRecord], *, is_readable: bool
) -> None:
    """Check that a function counts all jobs, and that none of them is stuck.

    ``jobs`` are those that the store keeps of all functions.
    """
    mine = [record for record in jobs if record.function == function.name]
    alone = [record for record in mine if record.handle not in state.jobs]
    in_memory = [job for job in state.jobs.values() if job.function is function]
    assert function.job_count() == len(alone) + len(in_memory)
    # Behind a fence, what somebody waits for stays in memory as well.
    paged = {job.handle for job in in_memory if job.state is PAGED}
    counted = alone + [record for record in mine if record.handle in paged]
    for window in windows_of(function):
        here = [
            record
            for record in counted
            if record.priority == window.priority
            and record.queue_key == window.queue_key
        ]
        assert window.ready == sum(record.due == 0 for record in here)
        assert window.delayed == sum(record.due > 0 for record in here)
        assert window.leaving == sum(record.handle in paged for record in here)
        for shelf in (window.numbers, window.waits, window.dates):
            assert not shelf.is_reading()
        if is_readable and not state.is_fenced:
            _check_progress(state, function, window, here)
    for record in alone:
        assert not record.queue_key or record.queue_key in _live(function)


def _live(function: Function) -> dict[bytes, FlowKey]:
    keys = function.keys()
    return {} if keys is None else keys.live


def _check_progress(
    state: State, function: Function, window: Window, alone: list[JobRecord]
) -> None:
    """Check that what is ready in the store alone has something to wait for."""
    priority = window.priority
    is_due = [
        record for record in alone if record.due <= state.time_by(record.is_steady)
    ]
    is_timed = any(each.timer for each in (window, window.waits, window.dates))
    key = _live(function).get(window.queue_key)
    is_held = (
        key is not None and key.waiting_count() + len(key.running) > key.paged_count()
    )
    is_waited_for = function.ready[priority].size() > 0 or is_timed or is_held
    assert is_waited_for or not is_due, f"{is_due[0].handle!r} is stuck"
    for shelf in (window.waits, window.dates):
        mine = any(each.due and each.is_steady == shelf.is_steady for each in alone)
        assert shelf.timer or shelf.is_due() or window.timer or not mine


def _check_twins(server: ServerUnderTest, jobs: dict[bytes, JobRecord]) -> None:
    """Check that no two jobs coalesce, but for those that were retried or moved."""
    entries = server.ledger.entries
    keys = Counter(
        (record.function, record.key)
        for handle, record in jobs.items()
        if record.key and not (entries[handle].was_dead or entries[handle].was_moved)
    )
    most = 2 if server.ledger.has_followers else 1
    assert all(count <= most for count in keys.values()), keys


def _check_batches(server: ServerUnderTest) -> None:
    """Check that batches count those of their jobs that have not ended."""
    left: Counter[bytes] = Counter()
    dead: Counter[bytes] = Counter()
    for entry in server.ledger.entries.values():
        left[entry.whole] += not entry.fate
        dead[entry.whole] += entry.fate == DEAD
    for batch in server.engine.state.graph.batches.values():
        assert batch.left() == left[batch.name] + batch.to_make, batch.name
        assert batch.dead == dead[batch.name], batch.name


def _check_connections(server: ServerUnderTest) -> None:
    """Check that nobody waits for what will not come."""
    jobs = server.engine.state.jobs
    for connection in server.connections:
        peer = connection.peer
        assert not peer.is_asking
        assert not peer.held
        assert not connection.pending
        assert set(connection.assigned) >= {job.handle for job in peer.running}
        for handle, count in connection.awaited.items():
            is_waiting = count > 0 and peer in jobs[handle].clients()
            times = peer.awaited[jobs[handle]] if is_waiting else 0
            assert times == count, f"{handle!r} is awaited in vain"
