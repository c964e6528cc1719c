"""``dedupe = "replace"``: the newest workload takes the place of one that waits."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    H4,
    WALL_START,
    World,
    error,
    job_assign,
    job_created,
    work_complete,
)
from tests.support.stored_engine import (
    counts,
    drain,
    grab,
    rows,
    stored,
    submit,
    submit_unique,
)

FULL = "disk full"


def replacing(window: int = 10, **settings: float) -> World:
    """Return a world in which a newer workload of function f replaces an older one."""
    world = stored(window)
    world.policy(b"f", dedupe="replace", **settings)
    return world


def workload_of(world: World, handle: bytes) -> str:
    (row,) = rows(world.admin(), f"job {handle.decode()}")
    return str(row["workload"])


def test_the_newest_workload_runs_under_the_first_handle() -> None:
    world = replacing()
    assert submit_unique(world.client(), "one", "two", "three") == [H1, H1, H1]
    assert drain(world.worker("f")) == "three"


def test_it_keeps_its_place_and_its_priority() -> None:
    world = replacing()
    client = world.client()
    submit_unique(client, "one")
    submit(client, "between")
    client.submit_job_low_bg(b"f", b"u", b"two")
    submit(client, "High")
    assert drain(world.worker("f")) == "High two between"


def test_one_that_runs_is_followed_by_the_newest() -> None:
    world = replacing()
    client, worker = world.client(), world.worker("f")
    submit_unique(client, "one")
    grab(worker)
    assert submit_unique(client, "two", "three") == [H2, H2]
    assert grab(worker) == (b"", "")
    worker.work_complete(H1, b"")
    assert drain(worker) == "three"


def test_its_time_starts_again() -> None:
    world = replacing(delay=10)
    client, worker = world.client(), world.worker("f")
    submit_unique(client, "one")
    world.advance(8)
    submit_unique(client, "two")
    world.advance(8)
    assert grab(worker) == (b"", "")
    world.advance(2)
    assert grab(worker) == (H1, "two")


def test_it_waits_no_longer_than_the_longest_wait() -> None:
    world = replacing(delay=10, dedupe_wait=25)
    client, worker = world.client(), world.worker("f")
    for seconds in range(24):
        submit_unique(client, f"at {seconds}")
        world.advance(1)
    assert grab(worker) == (b"", "")
    world.advance(1)
    assert grab(worker) == (H1, "at 23")


def test_one_whose_time_has_come_is_not_put_off() -> None:
    world = replacing(delay=10)
    client = world.client()
    submit_unique(client, "one")
    world.advance(10)
    submit_unique(client, "two")
    assert grab(world.worker("f")) == (H1, "two")


def test_a_date_replaces_a_date() -> None:
    world = replacing()
    client, worker = world.client(), world.worker("f")
    client.submit_job_epoch(b"f", b"u", b"%d" % (WALL_START + 100), b"one")
    client.submit_job_epoch(b"f", b"u", b"%d" % (WALL_START + 20), b"two")
    world.advance(20)
    assert grab(worker) == (H1, "two")


def test_one_without_a_time_runs_at_once() -> None:
    world = replacing()
    client = world.client()
    client.submit_job_epoch(b"f", b"u", b"%d" % (WALL_START + 100), b"one")
    submit_unique(client, "two")
    assert grab(world.worker("f")) == (H1, "two")


def test_all_who_wait_get_the_result_of_the_newest() -> None:
    world = replacing()
    one, two, worker = world.client(), world.client(), world.worker("f")
    one.submit_job(b"f", b"u", b"one")
    two.submit_job(b"f", b"u", b"two")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    assert worker.received == [job_assign(H1, b"f", b"two")]
    assert one.received == two.received == [job_created(H1), work_complete(H1, b"r")]


def test_one_that_failed_has_all_attempts_again() -> None:
    world = replacing(max_attempts=2, backoff_delay=60)
    client, worker = world.client(), world.worker("f")
    submit_unique(client, "one")
    grab(worker)
    worker.work_fail(H1)
    submit_unique(client, "two")
    assert grab(worker) == (H1, "two")
    worker.work_fail(H1)
    world.advance(120)
    assert grab(worker) == (H1, "two")


def test_a_reducer_and_headers_are_those_of_the_newest() -> None:
    world = replacing()
    client, worker = world.client(), world.worker("f")
    submit_unique(client, "one")
    client.submit_reduce_job_background(b"f", b"u", b"sum", b"", b"two")
    worker.grab_job_all()
    assert worker.received[0].arguments == (H1, b"f", b"u", b"sum", b"two")


@pytest.mark.parametrize("size", [10, 1000, 200_000])
def test_what_is_durable_is_replaced_in_one_commit(size: int) -> None:
    world = replacing()
    submit_unique(world.client(), "one")
    newest = "n" * size
    submit_unique(world.client(), newest)
    world = world.restarted()
    assert drain(world.worker("f")) == newest
    assert counts(world) == (0, 0)


def test_the_answer_waits_for_the_commit() -> None:
    world = replacing()
    client = world.client()
    submit_unique(client, "one")
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"two")
    assert client.received == []
    world.commit()
    assert client.received == [job_created(H1)]


def test_one_that_is_being_written_is_replaced_after_that() -> None:
    world = replacing()
    world.is_committing = False
    one, two = world.client(), world.client()
    one.submit_job_bg(b"f", b"u", b"one")
    batch = world.take()
    two.submit_job_bg(b"f", b"u", b"two")
    world.settle(batch)
    assert one.received == [job_created(H1)]
    world.commit_all()
    assert two.received == [job_created(H1)]
    assert drain(world.restarted().worker("f")) == "two"


def test_what_the_store_refuses_replaces_nothing() -> None:
    world = replacing()
    client = world.client()
    submit_unique(client, "one")
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"two")
    world.refuse(FULL)
    assert client.received == [error(b"QUEUE_ERROR", FULL.encode())]
    assert workload_of(world, H1) == "one"
    world.commit_all()
    assert drain(world.worker("f")) == "one"


def test_a_delayed_one_is_what_it_was_if_the_store_refuses() -> None:
    world = replacing(delay=100)
    client = world.client()
    submit_unique(client, "one")
    world.advance(50)
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"two")
    world.refuse(FULL)
    world.commit_all()
    world.advance(50)
    assert drain(world.worker("f")) == "one"


def test_where_nobody_waits_for_the_commit_it_is_tried_again() -> None:
    world = stored(holds=False)
    world.policy(b"f", dedupe="replace")
    client = world.client()
    submit_unique(client, "one")
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"two")
    assert client.received == [job_created(H1)]
    world.refuse(FULL)
    world.commit_all()
    assert drain(world.restarted().worker("f")) == "two"


def test_what_ends_in_the_same_commit_is_not_written() -> None:
    world = replacing()
    client = world.client()
    submit_unique(client, "one")
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"two")
    world.admin().text("cancel job H:test:1")
    world.commit_all()
    assert client.received == [job_created(H1)]
    assert counts(world.restarted()) == (0, 0)


def test_one_that_is_moved_in_the_same_commit_is_there_with_the_newest() -> None:
    world = replacing()
    client = world.client()
    submit_unique(client, "one")
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"two")
    world.admin().text("move H:test:1 g")
    world.commit_all()
    assert drain(world.restarted().worker("g")) == "two"


def test_a_dead_letter_is_not_replaced() -> None:
    world = replacing()
    client, worker = world.client(), world.worker("f")
    submit_unique(client, "one")
    grab(worker)
    worker.work_fail(H1)
    assert submit_unique(client, "two") == [H2]
    world.admin().text("dead retry H:test:1")
    assert sorted(drain(worker).split()) == ["one", "two"]


def test_jobs_in_memory_alone_are_replaced() -> None:
    world = World()
    world.policy(b"f", dedupe="replace")
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", b"one")
    client.submit_job_bg(b"f", b"u", b"two, longer")
    assert client.received == [job_created(H1), job_created(H1)]
    assert grab(worker) == (H1, "two, longer")
    worker.work_complete(H1, b"")
    assert world.engine.state.memory.jobs == 0


def test_other_uniques_and_none_are_left_alone() -> None:
    world = replacing()
    client = world.client()
    assert submit_unique(client, "one") == [H1]
    assert submit_unique(client, "two", unique=b"v") == [H2]
    assert submit_unique(client, "three", "four", unique=b"") == [H3, H4]
