"""What becomes of jobs whose batch a store refuses, or of which it leaves some out."""

from __future__ import annotations

import pytest

from geartrain.engine.batches import Batch
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import (
    H1,
    H2,
    World,
    echo_res,
    error,
    job_created,
    work_complete,
)
from tests.support.stored_engine import counts, drain, numbers_in_memory

REASON = "no room for it"
LARGE = bytes(1000)


class SmallStore(MemoryStore):
    """Leaves large jobs out, once there is no room for them."""

    is_full = True

    def commit(self, batch: Batch) -> None:
        if not self.is_full:
            super().commit(batch)
            return
        fitting, refused = batch.within(500)
        super().commit(fitting)
        batch.refusals = {record.number: REASON for record in refused}


@pytest.fixture
def store() -> SmallStore:
    return SmallStore()


def refused() -> object:
    return error(b"QUEUE_ERROR", REASON.encode())


@pytest.fixture
def durable(store: SmallStore) -> World:
    """A world whose store takes all, unless a batch is refused."""
    store.is_full = False
    world = World(store=store)
    world.is_committing = False
    return world


def test_a_refusal_is_an_error_and_leaves_no_job(durable: World) -> None:
    client = durable.client()
    client.submit_job_bg(b"f", b"u", b"w")
    client.echo_req(b"after")
    durable.refuse(REASON)
    assert client.received == [refused(), echo_res(b"after")]
    assert client.text("status") == b"f\t0\t0\t0\n.\n"
    client.submit_job_bg(b"f", b"u", b"w")
    durable.commit()
    assert client.received == [job_created(H2)]


def test_a_refused_job_that_clients_wait_for_goes_on_for_them(durable: World) -> None:
    waiting, leaving = durable.client(), durable.client()
    worker = durable.worker("f")
    waiting.submit_job(b"f", b"u", b"w")
    leaving.submit_job_bg(b"f", b"u", b"w")
    durable.refuse(REASON)
    assert leaving.received == [refused()]
    worker.grab_job()
    worker.work_complete(H1, b"r")
    assert waiting.received == [job_created(H1), work_complete(H1, b"r")]
    assert durable.engine.take_batch() is None


def test_what_was_to_be_forgotten_is_still_so_after_a_refusal(durable: World) -> None:
    client, worker = durable.client(), durable.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    durable.commit()
    worker.grab_job()
    worker.work_complete(H1, b"")
    assert list(durable.refuse(REASON).ended) == [1]
    assert list(durable.commit().ended) == [1]


@pytest.mark.parametrize("window", [1, 10])
def test_a_large_job_is_refused_and_the_small_ones_with_it_are_taken(
    store: SmallStore, window: int
) -> None:
    world = World(store=store, window=window)
    world.is_committing = False
    clients = [world.client() for _ in range(3)]
    for client, workload in zip(clients, (b"a", LARGE, b"b"), strict=True):
        client.submit_job_bg(b"f", b"", workload)
    world.commit_all()
    said = [client.received for client in clients]
    assert said == [[job_created(H1)], [refused()], [job_created(b"H:test:3")]]
    assert counts(world) == (2, 0)
    (notice,) = world.notices()
    assert notice.action == "jobs_refused"
    assert drain(world.worker("f")) == "a b"
    assert counts(world) == (0, 0)


def test_a_refused_job_that_others_joined_is_refused_to_all(store: SmallStore) -> None:
    world = World(store=store)
    world.is_committing = False
    one, two = world.client(), world.client()
    for client in (one, two):
        client.submit_job_bg(b"f", b"u", LARGE)
    world.commit_all()
    assert one.received == two.received == [refused()]
    store.is_full = False
    two.submit_job_bg(b"f", b"u", LARGE)
    world.commit_all()
    assert two.received == [job_created(H2)]


def test_a_refused_job_that_somebody_waits_for_is_run_for_it(store: SmallStore) -> None:
    world = World(store=store)
    world.is_committing = False
    client, waiting, worker = world.client(), world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", LARGE)
    waiting.submit_job(b"f", b"u", LARGE)
    world.commit_all()
    assert client.received == [refused()]
    worker.grab_job()
    worker.work_complete(worker.received[0].arguments[0], b"done")
    assert waiting.received[-1] == work_complete(H1, b"done")
    world.commit_all()
    assert numbers_in_memory(world) == []


def test_a_refused_job_that_died_meanwhile_is_no_dead_letter(store: SmallStore) -> None:
    world = World(store=store)
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"", LARGE)
    worker.grab_job()
    worker.work_fail(worker.received[-1].arguments[0])
    world.commit_all()
    assert client.received == [refused()]
    assert world.engine.state.functions[b"f"].dead == 0


@pytest.mark.parametrize("window", [1, 10])
def test_a_large_job_that_was_acknowledged_before_is_given_to_the_store_again(
    store: SmallStore, window: int
) -> None:
    world = World(store=store, window=window, holds=False)
    world.is_committing = False
    client = world.client()
    for workload in (b"a", b"L" * 1000, b"b", b"c"):
        client.submit_job_bg(b"f", b"", workload)
        assert client.received[0].name == "job_created"
    for _ in range(3):
        world.commit()
        assert world.engine.unkept() == 1
        assert len(store._jobs.by_number) == 3
    assert world.notices() == []
    store.is_full = False
    world.commit_all()
    assert world.engine.unkept() == 0
    assert counts(world) == (4, 0)
    assert drain(world.worker("f")) == f"a {'L' * 1000} b c"


def test_what_becomes_of_a_job_that_is_given_again_is_given_with_it(
    store: SmallStore,
) -> None:
    world = World(store=store, holds=False)
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    for _ in range(2):
        client.submit_job_bg(b"f", b"", LARGE)
        worker.grab_job()
    first, second = (each.arguments[0] for each in worker.received if each.arguments)
    worker.work_fail(first)
    batch = world.take()
    worker.work_complete(second, b"")
    world.settle(batch)
    assert world.engine.unkept() == 1
    store.is_full = False
    world.commit_all()
    assert world.engine.state.functions[b"f"].dead == 1
    assert [*store._dead.by_number] == [1]
    assert numbers_in_memory(world) == []
