"""Jobs in strict order: as submitted, over all priorities and retries."""

from __future__ import annotations

import pytest

from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World, noop
from tests.support.keyed import check, drain_keyed, setting, submit_keyed, take
from tests.support.steered import Make
from tests.support.stored_engine import rows, stored


def test_jobs_start_as_submitted_whatever_their_priority(make: Make) -> None:
    world = make()
    setting(world, "f order=fifo")
    submit_keyed(
        world.client(), "_a1", "a2", "A3", "-4", "B5", *(f"c{n}" for n in range(20))
    )
    check(world)
    expected = ["_a1", "a2", "A3", "-4", "B5", *(f"c{n}" for n in range(20))]
    assert drain_keyed(world.worker("f")).split() == expected


def test_several_may_run_at_once(make: Make) -> None:
    world = make()
    setting(world, "f order=fifo concurrency=2")
    submit_keyed(world.client(), "a1", "a2", "a3")
    workers = [world.worker("f") for _ in range(3)]
    assert [take(each)[1] for each in workers] == ["a1", "a2", ""]
    check(world)


def test_a_sleeper_is_woken_for_each_job_in_turn(world: World) -> None:
    setting(world, "f order=fifo")
    sleepers = [world.sleeper("f") for _ in range(3)]
    submit_keyed(world.client(), "a1", "a2", "a3")
    for expected in ("a1", "a2", "a3"):
        (woken,) = [each for each in sleepers if noop() in each.received]
        assert take(woken)[1] == expected


@pytest.mark.parametrize("backoff", [0, 5])
def test_nobody_passes_a_job_that_failed(make: Make, backoff: int) -> None:
    world = make()
    setting(world, f"f order=fifo max_attempts=3 backoff_delay={backoff}")
    setting(world, "f backoff_jitter=0")
    submit_keyed(world.client(), "a1", "a2", "A3")
    worker = world.worker("f")
    worker.work_fail(take(worker)[0])
    check(world)
    if backoff:
        assert take(worker)[1] == ""
        worker.pre_sleep()
        world.advance(4.9)
        assert worker.received == []
        world.advance(0.2)
        assert worker.received == [noop()]
    assert drain_keyed(worker) == "a1 a2 A3"
    check(world)


@pytest.mark.parametrize("end", ["leave", "release", "timeout"])
def test_nobody_passes_a_job_that_lost_its_worker(make: Make, end: str) -> None:
    world = make()
    setting(world, "f order=fifo timeout=10 max_attempts=5 backoff_delay=0")
    submit_keyed(world.client(), *(f"a{n}" for n in range(1, 9)))
    worker, other = world.worker("f"), world.worker("f")
    job, _ = take(worker)
    if end == "leave":
        worker.leave()
    elif end == "release":
        worker.cant_do(b"f")
    else:
        world.advance(11)
    del job
    assert drain_keyed(other) == " ".join(f"a{n}" for n in range(1, 9))


def test_each_key_has_an_order_of_its_own(make: Make) -> None:
    world = make()
    setting(world, "f order=fifo key_from=/key key_concurrency=1 max_attempts=2")
    setting(world, "f backoff_delay=5 backoff_jitter=0")
    submit_keyed(world.client(), "a1", "b1", "a2", "B2", "-1")
    worker = world.worker("f")
    worker.work_fail(take(worker)[0])
    assert drain_keyed(worker) == "b1 -1 B2"
    world.advance(5)
    assert drain_keyed(worker) == "a1 a2"
    check(world)


def test_the_order_holds_over_a_restart() -> None:
    store = MemoryStore()
    world = World(store=store, window=3)
    setting(world, "f order=fifo max_attempts=3 backoff_delay=60")
    submit_keyed(world.client(), *(f"a{n}" for n in range(10)))
    worker = world.worker("f")
    worker.work_complete(take(worker)[0], b"")
    worker.work_fail(take(worker)[0])
    assert take(worker)[1] == ""
    store.close()
    again = World(store=store, window=3, now=world.now)
    setting(again, "f order=fifo")
    assert drain_keyed(again.worker("f")) == " ".join(f"a{n}" for n in range(1, 10))


def test_jobs_that_wait_already_are_put_in_order(world: World) -> None:
    submit_keyed(world.client(), "_a1", "a2", "A3", "a4")
    setting(world, "f order=fifo")
    check(world)
    assert drain_keyed(world.worker("f"), 2) == "_a1 a2"
    setting(world, "f order=priority")
    submit_keyed(world.client(), "A5")
    check(world)
    assert drain_keyed(world.worker("f")) == "A3 A5 a4"


def test_a_dead_letter_frees_the_way(world: World) -> None:
    setting(world, "f order=fifo")
    submit_keyed(world.client(), "a1", "a2")
    worker = world.worker("f")
    worker.work_fail(take(worker)[0])
    assert drain_keyed(worker) == "a2"


@pytest.mark.parametrize("name", ["_a1", "a1", "A1"])
def test_no_priority_is_kept_where_none_counts(name: str) -> None:
    world = stored(10)
    setting(world, "f order=fifo")
    submit_keyed(world.client(), name)
    worker = world.worker("f")
    worker.work_fail(take(worker)[0])
    (row,) = rows(world.admin(), "dead list")
    assert row["priority"] == "normal"


@pytest.mark.parametrize("window", [1, 2, 10])
def test_jobs_of_another_priority_come_from_the_store_in_their_turn(
    window: int,
) -> None:
    world = World(store=MemoryStore(), window=window)
    setting(world, "f order=fifo")
    submit_keyed(world.client(), "a1", "a2", "a3")
    assert world.admin().text("priority H:test:2 high") == b"OK\r\n"
    assert drain_keyed(world.worker("f")) == "a1 a2 a3"


@pytest.mark.parametrize("window", [1, 2, 10])
def test_a_held_job_that_is_cancelled_leaves_its_room_to_others(window: int) -> None:
    world = World(store=MemoryStore(), window=window)
    setting(world, "f order=fifo")
    submit_keyed(world.client(), "a1", "a2", "a3")
    admin = world.admin()
    assert admin.text("priority H:test:2 high") == b"OK\r\n"
    worker = world.worker("f")
    job, _ = take(worker)
    assert admin.text("cancel job H:test:2") == b"OK\r\n"
    worker.work_complete(job, b"")
    assert drain_keyed(worker) == "a3"
