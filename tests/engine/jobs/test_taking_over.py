"""What an earlier life left in the store is gone on with."""

from __future__ import annotations

import pytest

from geartrain.engine.engine import Engine
from geartrain.engine.inventory import LANES, Inventory
from geartrain.engine.model.options import EngineOptions
from tests.support.access import rules_of
from tests.support.dialogue import WALL_START, World
from tests.support.lanes import LaneStore, adopt
from tests.support.linked_jobs import (
    batch_row,
    run_next,
    submit_named,
)
from tests.support.stored_engine import (
    counts,
    drain,
    grab,
    numbers_in_memory,
    submit,
    submit_due,
)

_SHOP = """
[access.shop]
address = "any"
submit = "*"
work = "*"
administer = "*"
max_jobs = 100
"""


def test_an_empty_store_is_a_beginning() -> None:
    engine = Engine(EngineOptions())
    engine.resume(Inventory(0), 1.0, keeps_jobs=True, holds=True)
    assert engine.state.history.first() == 1
    assert engine.state.journal.is_on


def test_endings_are_numbered_on() -> None:
    engine = Engine(EngineOptions())
    inventory = Inventory(0)
    inventory.last_ending = 41
    engine.resume(inventory, 1.0, keeps_jobs=True, holds=True)
    assert engine.state.history.following() == 42


def shared(window: int = 10) -> tuple[World, World, LaneStore]:
    """Return two worlds with one store, lanes 1 and 2, and the second one's face."""
    first = LaneStore(1)
    second = LaneStore(2, first)
    return World(store=first, window=window), World(store=second, window=window), second


def test_numbers_of_lanes_differ_and_go_by_the_time() -> None:
    one, other, _ = shared()
    submit(one.client(), "a")
    one.advance(2.0)
    submit(one.client(), "b")
    other.advance(1.0)
    submit(other.client(), "c")
    first, last = numbers_in_memory(one)
    (between,) = numbers_in_memory(other)
    assert first < between < last
    assert (first % LANES, between % LANES, last % LANES) == (1, 2, 1)


@pytest.mark.parametrize("window", [1, 2, 10])
def test_the_jobs_of_another_lane_are_gone_on_with(window: int) -> None:
    one, other, store = shared(window)
    submit(one.client(), "a", "b", "H", "c", "d")
    other.advance(1.0)
    submit(other.client(), "x", "y", "Z")
    worker = other.worker("f")
    assert grab(worker)[1] == "Z"

    adopt(other, store, 1)

    assert counts(other) == (8, 1)
    assert sorted(drain(worker)) == sorted("a b H c d x y")
    assert store.inventory({1}).queues == []


@pytest.mark.parametrize("window", [1, 10])
def test_delayed_jobs_of_another_lane_come_due(window: int) -> None:
    one, other, store = shared(window)
    for seconds in (5, 30, 1):
        submit_due(one.client(), WALL_START + seconds, f"after-{seconds}")
    submit_due(other.client(), WALL_START + 60, "own")

    adopt(other, store, 1)
    worker = other.worker("f")
    other.advance(10)

    assert drain(worker) == "after-1 after-5"
    other.advance(60)
    assert drain(worker) == "after-30 own"


def test_a_job_that_runs_here_is_not_taken_twice() -> None:
    one, other, store = shared()
    submit(one.client(), "a", "b")
    adopt(other, store, 1)
    worker = other.worker("f")
    job, _ = grab(worker)

    adopt(other, store, 1)

    assert grab(worker)[1] == "b"
    worker.work_complete(job, b"")
    assert grab(worker) == (b"", "")


def test_a_handle_of_another_lane_is_known_once_its_jobs_are() -> None:
    one, other, store = shared()
    submit(one.client(), "a")
    (number,) = numbers_in_memory(one)
    adopt(other, store, 1)
    client = other.client()
    client.get_status(b"H:test:%d" % number)
    (answer,) = client.received
    assert answer.arguments[1] == b"1"


def test_a_batch_of_both_is_one_batch_of_the_jobs_of_both() -> None:
    one, other, store = shared()
    for world in (one, other):
        world.policy(b"*", options_in_names=True)
        submit_named(world, "a?batch=x")
    run_next(other, "a")
    submit_named(other, "a?batch=x")
    after = submit_named(other, "b?after=batch:x")
    store.left = one.store.leave() if isinstance(one.store, LaneStore) else []
    adopt(other, store, 1)
    other.commit_all()
    assert batch_row(other, "x")["left"] == 2
    run_next(other, "a")
    assert run_next(other, "b") == ("", "")
    run_next(other, "a")
    assert run_next(other, "b")[0] == after
    row = batch_row(other, "x")
    assert [row[name] for name in ("total", "succeeded", "left")] == [3, 3, 0]


def test_a_job_that_runs_once_more_counts_once_more() -> None:
    one, other, store = shared()
    first = one.store
    assert isinstance(first, LaneStore)
    one.engine.set_rules(rules_of(_SHOP))
    for world in (one, other):
        world.policy(b"*", options_in_names=True)
    client = one.client()
    for unique in (b"u", b"v"):
        client.submit_job_bg(b"a?batch=x", unique, b"w")
    other.client().submit_job_bg(b"a", b"u", b"w")
    after = submit_named(one, "b?after=batch:x")
    assert len(store.database.joined) == 1
    handle = run_next(one, "a")[0]
    (again,), first.again = first.again, ()
    one.engine.sharing.adopt(again, one.now)
    one.commit_all()
    usage = one.engine.state.usages[b"shop"]
    assert (usage.waiting.jobs, usage.kept.jobs) == (3, 3)
    assert batch_row(one, "x")["left"] == 2
    assert {run_next(one, "a")[0], run_next(one, "a")[0]} > {handle}
    assert run_next(one, "b")[0] == after
    assert batch_row(one, "x")["left"] == 0
    assert usage.waiting.jobs == 0
