"""Limits of flow keys that change while jobs wait."""

from __future__ import annotations

import pytest

from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World, noop
from tests.support.keyed import (
    check,
    drain_keyed,
    setting,
    submit_keyed,
    take,
)
from tests.support.simulation import flows, structures
from tests.support.steered import Make


@pytest.mark.parametrize("pattern", ["f", "*"])
def test_limits_that_are_set_while_jobs_wait_hold_at_once(
    make: Make, pattern: str
) -> None:
    world = make()
    setting(world, f"{pattern} key_from=/key")
    client = world.client()
    submit_keyed(client, *(f"a{n}" for n in range(8)), "b1", "b2")
    workers = [world.worker("f") for _ in range(4)]
    assert [take(each)[1] for each in workers[:2]] == ["a0", "a1"]
    setting(world, f"{pattern} key_concurrency=1")
    assert take(workers[2])[1] == "b1"
    assert take(workers[3])[1] == ""
    check_places(world)
    setting(world, f"{pattern} key_concurrency=3")
    assert take(workers[3])[1] == "a2"
    check_places(world)
    for each in workers:
        each.leave()
    check(world)
    setting(world, f"{pattern} key_concurrency=0")
    check(world)
    assert sorted(drain_keyed(world.worker("f")).split()) == sorted(
        [*(f"a{n}" for n in range(8)), "b1", "b2"]
    )
    setting(world, f"{pattern} key_from=none")
    function = world.engine.state.functions.get(b"f")
    assert function is None or function.flow is None


def check_places(world: World) -> None:
    state = world.engine.state
    structures.every_job_is_in_exactly_one_place(state)
    flows.keys_let_go_what_may_start(state)


def test_nothing_starts_while_many_jobs_are_sorted() -> None:
    world = World()
    setting(world, "f key_from=/key")
    client, worker = world.client(), world.worker("f")
    submit_keyed(client, *(f"{'ab'[n % 2]}{n}" for n in range(3000)))
    assert world.admin().text("policy f key_concurrency=1") == b"OK\r\n"
    assert take(worker)[1] == ""
    worker.pre_sleep()
    while world.engine.state.unsorted:
        world.engine.tick(world.now)
    world.deliver()
    assert worker.received == [noop()]
    done = drain_keyed(worker, 3000).split()
    assert done == [f"{'ab'[n % 2]}{n}" for n in range(3000)]
    check(world)


def test_jobs_of_a_store_that_were_kept_without_limits_are_sorted_as_they_come() -> (
    None
):
    store = MemoryStore()
    world = World(store=store, window=5)
    setting(world, "f key_from=/key")
    submit_keyed(world.client(), *(f"a{n}" for n in range(200)), "b1", "b2")
    setting(world, "f key_concurrency=1")
    worker = world.worker("f")
    assert drain_keyed(worker, 1) == "a0"
    check(world)
    done = drain_keyed(worker).split()
    assert [name for name in done if name[0] == "a"] == [f"a{n}" for n in range(1, 200)]
    # The other key's did not wait for all of them.
    assert done.index("b2") < 150
    check(world)
