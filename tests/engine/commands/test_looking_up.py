"""Submissions find equal jobs that only the store has."""

from __future__ import annotations

from tests.support.dialogue import H1, H2, H3, World, error, job_created
from tests.support.stored_engine import (
    counts,
    drain,
    grab,
    numbers_in_memory,
    stored,
    submit,
    submit_unique,
)


def world_with(window: int, **settings: str | float) -> World:
    world = stored(window)
    world.policy(b"f", **settings)
    return world


def test_one_that_only_the_store_has_is_joined() -> None:
    world = stored(1)
    world.policy(b"f", dedupe="again")
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", b"first")
    assert grab(worker) == (H1, "first")
    client.submit_job_bg(b"f", b"", b"between")
    client.submit_job_bg(b"f", b"u", b"second")
    # A restart leaves the second in the store while the first runs again.
    client.submit_job_bg(b"f", b"v", b"last")
    world = world.restarted()
    world.policy(b"f", dedupe="again")
    client, worker = world.client(), world.worker("f")
    assert grab(worker) == (H1, "first")
    client.submit_job_bg(b"f", b"u", b"third")
    client.submit_job(b"f", b"u", b"fourth")
    assert client.received == [job_created(H3), job_created(H3)]
    assert counts(world) == (4, 1)


def test_one_that_only_the_store_has_is_replaced_and_stays_there() -> None:
    world = world_with(1, dedupe="replace")
    client = world.client()
    submit(client, "first")
    submit_unique(client, "one")
    submit(client, "last")
    assert numbers_in_memory(world) == [1]
    assert submit_unique(client, "two") == [H3, H2]
    assert numbers_in_memory(world) == [1]
    assert drain(world.restarted().worker("f")) == "first two last"


def test_delayed_ones_that_only_the_store_has_are_due_in_their_new_order() -> None:
    world = world_with(1, dedupe="replace", delay=10)
    client = world.client()
    for number in range(4):
        submit_unique(client, f"old {number}", unique=b"u%d" % number)
    world.advance(5)
    submit_unique(client, "new 1", unique=b"u1")
    submit_unique(client, "new 3", unique=b"u3")
    world.advance(5)
    worker = world.worker("f")
    assert drain(worker) == "old 0 old 2"
    world.advance(5)
    assert drain(worker) == "new 1 new 3"
    assert counts(world) == (0, 0)


def test_a_large_workload_is_compared_with_one_in_the_store() -> None:
    world = world_with(1, dedupe="again")
    client = world.client()
    end = "e" * 70_000
    submit(client, "first")
    submit_unique(client, f"{end}1{end}", unique=b"-")
    submit(client, "last")
    assert submit_unique(client, f"{end}1{end}", unique=b"-")[-1] == H2
    assert submit_unique(client, f"{end}2{end}", unique=b"-") == [b"H:test:4"]


def test_an_error_of_the_store_is_told() -> None:
    world = world_with(1, dedupe="replace")
    client = world.client()
    submit(client, "first", "second")
    client.received.clear()
    world.is_committing = False
    client.submit_job_bg(b"f", b"u", b"w")
    batch = world.take()
    batch.queries[0].error = "the disk is on fire"
    world.engine.committed(world.now)
    world.deliver()
    assert client.received == [error(b"QUEUE_ERROR", b"the disk is on fire")]


def test_one_in_the_store_whose_time_has_come_is_not_put_off() -> None:
    world = world_with(1, dedupe="replace")
    client = world.client()
    submit(client, "first")
    submit_unique(client, "one")
    submit(client, "last")
    world.policy(b"f", delay=60)
    submit_unique(client, "two")
    assert drain(world.worker("f")) == "first two last"
