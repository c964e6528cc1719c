"""JOB_CREATED of a background job leaves when the job is durable, and not before."""

from __future__ import annotations

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from tests.support.dialogue import (
    H1,
    H2,
    World,
    echo_res,
    job_assign,
    job_created,
    noop,
)


@pytest.fixture
def durable(world: World) -> World:
    """A world whose job server has a store with nothing in it."""
    world.engine.resume(Inventory(0), world.now, keeps_jobs=True, holds=True)
    assert commit(world).reserved > 0
    return world


def committed(world: World) -> None:
    """Tell that what was taken is durable."""
    world.engine.committed(world.now)
    world.deliver()


def commit(world: World) -> Batch:
    """Let the store commit what was collected."""
    batch = world.take()
    committed(world)
    return batch


def nothing_collected(world: World) -> bool:
    return world.engine.take_batch() is None


def handles(batch: Batch) -> list[bytes]:
    return [record.handle for record in batch.added]


def test_without_a_store_nothing_is_collected(world: World) -> None:
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H1)]
    assert nothing_collected(world)


def test_a_background_job_is_acknowledged_by_its_commit(durable: World) -> None:
    client = durable.client()
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == []
    batch = durable.take()
    assert client.received == []
    committed(durable)
    assert client.received == [job_created(H1)]
    (record,) = batch.added
    assert (record.number, record.handle, record.function) == (1, H1, b"f")
    assert (record.unique, record.workload, record.more) == (b"u", b"w", [])
    assert nothing_collected(durable)


def test_a_foreground_job_waits_for_no_store(durable: World) -> None:
    client = durable.client()
    client.submit_job(b"f", b"", b"w")
    assert client.received == [job_created(H1)]
    assert nothing_collected(durable)


def test_answers_keep_their_order_behind_one_that_waits(durable: World) -> None:
    client, other = durable.client(), durable.client()
    client.submit_job_bg(b"f", b"", b"w")
    client.echo_req(b"after")
    client.submit_job(b"f", b"", b"w")
    other.echo_req(b"at once")
    assert client.received == []
    assert other.received == [echo_res(b"at once")]
    commit(durable)
    assert client.received == [job_created(H1), echo_res(b"after"), job_created(H2)]


def test_what_came_while_a_batch_was_written_waits_for_the_next(
    durable: World,
) -> None:
    client = durable.client()
    client.submit_job_bg(b"f", b"", b"one")
    first = durable.take()
    client.submit_job_bg(b"f", b"", b"two")
    committed(durable)
    assert client.received == [job_created(H1)]
    second = commit(durable)
    assert client.received == [job_created(H2)]
    assert (handles(first), handles(second)) == ([H1], [H2])


def test_a_worker_need_not_wait_for_the_disk(durable: World) -> None:
    client, worker = durable.client(), durable.sleeper("f")
    client.submit_job_bg(b"f", b"", b"w")
    assert worker.received == [noop()]
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]


def test_a_job_that_ended_before_its_batch_is_not_written(durable: World) -> None:
    client, worker = durable.client(), durable.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    worker.work_complete(H1, b"")
    batch = commit(durable)
    assert (batch.added, batch.ended) == ([], {})
    assert client.received == [job_created(H1)]


@pytest.mark.parametrize("taken", [False, True])
def test_a_job_that_ended_is_forgotten(durable: World, taken: bool) -> None:
    client, worker = durable.client(), durable.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    durable.take()
    if not taken:
        durable.engine.committed(durable.now)
    worker.grab_job()
    worker.work_complete(H1, b"")
    if taken:
        durable.engine.committed(durable.now)
    assert list(commit(durable).ended) == [1]


def test_a_background_submission_makes_a_foreground_job_durable(
    durable: World,
) -> None:
    waiting, leaving = durable.client(), durable.client()
    waiting.submit_job(b"f", b"u", b"w")
    leaving.submit_job_bg(b"f", b"u", b"other")
    assert waiting.received == [job_created(H1)]
    assert leaving.received == []
    assert handles(commit(durable)) == [H1]
    assert leaving.received == [job_created(H1)]


@pytest.mark.parametrize("moment", ["collected", "taken", "committed"])
def test_who_joins_a_job_waits_as_long_as_it_does(durable: World, moment: str) -> None:
    first, second = durable.client(), durable.client()
    first.submit_job_bg(b"f", b"u", b"w")
    if moment != "collected":
        durable.take()
    if moment == "committed":
        durable.engine.committed(durable.now)
    second.submit_job_bg(b"f", b"u", b"w")
    durable.deliver()
    assert (second.received == []) is (moment != "committed")
    if moment == "collected":
        commit(durable)
    elif moment == "taken":
        committed(durable)
        assert second.received == [job_created(H1)]
    assert nothing_collected(durable)


def test_a_peer_that_leaves_while_it_is_held_back_harms_nobody(durable: World) -> None:
    leaving, staying = durable.client(), durable.client()
    leaving.submit_job_bg(b"f", b"", b"w")
    staying.submit_job_bg(b"f", b"", b"w")
    leaving.leave()
    assert handles(commit(durable)) == [H1, H2]
    assert staying.received == [job_created(H2)]


def test_a_peer_that_breaks_the_protocol_gets_what_was_due_to_it(
    durable: World,
) -> None:
    client = durable.client()
    client.submit_job_bg(b"f", b"", b"w")
    client.send(b"\0BAD")
    assert not client.is_closed
    commit(durable)
    assert [answer.name for answer in client.received] == ["job_created", "error"]
    assert client.is_closed


def test_what_is_collected_is_awaited_if_somebody_waits(durable: World) -> None:
    journal = durable.engine.state.journal
    client, worker = durable.client(), durable.worker("f")
    assert journal.is_empty()
    assert not journal.is_awaited()
    client.submit_job_bg(b"f", b"", b"w")
    assert journal.is_awaited()
    commit(durable)
    worker.grab_job()
    worker.work_complete(H1, b"")
    assert not journal.is_empty()
    assert not journal.is_awaited()
    client.get_status_unique(b"u")
    assert journal.is_awaited()


def test_the_workloads_that_wait_are_counted(durable: World) -> None:
    journal = durable.engine.state.journal
    client = durable.client()
    for workload in (b"12345", b"", b"678"):
        client.submit_job_bg(b"f", b"", workload)
    journal.most = 7
    assert journal.is_behind()
    durable.take()
    assert not journal.is_behind()


def test_numbers_are_reserved_before_they_are_used_up(world: World) -> None:
    world.engine.resume(Inventory(70), world.now, keeps_jobs=True, holds=True)
    reserved = commit(world).reserved
    client = world.client()
    state = world.engine.state
    client.submit_job_bg(b"f", b"", b"w")
    assert commit(world).reserved == 0
    assert client.received == [job_created(b"H:test:71")]
    while state.new_number() < reserved - 1000:
        pass
    assert commit(world).reserved > reserved


def test_a_copy_of_how_a_job_failed_is_written(durable: World) -> None:
    durable.policy(b"f", max_attempts=3, backoff_delay=60)
    client, worker = durable.client(), durable.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    worker.work_fail(H1)
    (record,) = durable.take().added
    assert record.failures is not None
    assert (record.failures.attempts, record.due > durable.wall_time) == (1, True)
    committed(durable)
    durable.advance(60 * 2)
    worker.grab_job()
    worker.work_fail(H1)
    assert record.failures.attempts == 1
    (change,) = commit(durable).changed
    assert change.failures is not None
    assert (change.number, change.failures.attempts) == (1, 2)


def test_what_is_being_written_is_not_changed(durable: World) -> None:
    durable.policy(b"f", max_attempts=2, backoff_delay=60)
    client, worker = durable.client(), durable.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    (record,) = durable.take().added
    worker.work_fail(H1)
    assert (record.failures, record.due) == (None, 0)
    committed(durable)
    (change,) = commit(durable).changed
    assert change.number == 1
    assert change.due > 0


@pytest.mark.parametrize("holds", [False, True])
def test_jobs_that_are_acknowledged_and_not_yet_durable_are_counted(
    world: World, holds: bool
) -> None:
    engine = world.engine
    engine.resume(Inventory(0), world.now, keeps_jobs=True, holds=holds)
    commit(world)
    client, worker = world.client(), world.worker("f")
    for _ in range(3):
        client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    worker.work_complete(H1, b"")
    assert engine.unkept() == (0 if holds else 2)
    commit(world)
    assert engine.unkept() == 0


@pytest.mark.parametrize("is_rest_saved", [False, True])
def test_a_batch_that_is_given_up_is_unsaved(
    durable: World, is_rest_saved: bool
) -> None:
    client, worker = durable.client(), durable.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    commit(durable)
    worker.grab_job()
    worker.work_complete(H1, b"")
    engine = durable.engine
    engine.give_up_batch(is_rest_saved=False)
    assert engine.unsaved() == 1
    durable.take()
    assert engine.unsaved() == 0
    engine.give_up_batch(is_rest_saved=is_rest_saved)
    assert engine.unsaved() == (0 if is_rest_saved else 1)
