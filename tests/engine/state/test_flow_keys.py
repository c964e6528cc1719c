"""Flow keys: places and rates that jobs of one key share, and turns between keys."""

from __future__ import annotations

from itertools import pairwise

import pytest

from geartrain.engine.queries import FULL_PAGE
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World, noop
from tests.support.keyed import (
    check,
    drain_keyed,
    live,
    setting,
    submit_keyed,
    take,
    workload,
)
from tests.support.steered import Make
from tests.support.stored_engine import counts, grab, stored


@pytest.fixture
def keyed(make: Make) -> World:
    """A world whose function f takes keys from workloads, one job of each at once."""
    world = make()
    setting(world, "f key_from=/key key_concurrency=1")
    return world


def test_one_job_of_a_key_runs_at_once(keyed: World) -> None:
    submit_keyed(keyed.client(), "a1", "a2", "a3", "b1", "-1", "-2")
    workers = [keyed.worker("f") for _ in range(5)]
    jobs = [take(worker) for worker in workers]
    assert [name for _, name in jobs] == ["a1", "b1", "-1", "-2", ""]
    check(keyed)
    workers[0].work_complete(jobs[0][0], b"")
    assert take(workers[4])[1] == "a2"
    assert take(workers[0])[1] == ""
    check(keyed)


def test_keys_take_turns_and_a_million_do_not_hold_up_three(keyed: World) -> None:
    client = keyed.client()
    submit_keyed(client, *(f"a{n}" for n in range(300)))
    submit_keyed(client, "b1", "b2", "b3", "c1")
    worker = keyed.worker("f")
    assert drain_keyed(worker, 8).split() == [
        "a0",
        "b1",
        "c1",
        "a1",
        "b2",
        "a2",
        "b3",
        "a3",
    ]
    check(keyed)
    rest = drain_keyed(worker).split()
    assert rest == [f"a{n}" for n in range(4, 300)]
    assert live(keyed) == []
    assert counts(keyed) == (0, 0)


def test_priorities_hold_within_a_key_and_between_keys(keyed: World) -> None:
    submit_keyed(keyed.client(), "_a1", "a2", "A3", "_b1", "b2")
    assert drain_keyed(keyed.worker("f")) == "A3 b2 a2 _b1 _a1"
    check(keyed)


def test_as_many_sleepers_are_woken_as_keys_may_go(keyed: World) -> None:
    sleepers = [keyed.sleeper("f") for _ in range(6)]
    submit_keyed(keyed.client(), "a1", "a2", "a3", "b1", "b2")
    assert sum(each.received.count(noop()) for each in sleepers) == 2


@pytest.mark.parametrize("end", ["complete", "fail", "leave", "cancel", "withdraw"])
def test_a_keys_place_is_free_as_soon_as_its_job_runs_no_more(
    keyed: World, end: str
) -> None:
    worker, other = keyed.worker("f"), keyed.worker("f")
    submit_keyed(keyed.client(), "a1", "a2")
    job, _ = take(worker)
    assert take(other)[1] == ""
    if end == "complete":
        worker.work_complete(job, b"")
    elif end == "fail":
        worker.work_fail(job)
    elif end == "leave":
        worker.leave()
    elif end == "withdraw":
        worker.cant_do(b"f")
    else:
        keyed.admin().text(b"cancel job " + job)
    assert take(other)[1] == "a2"
    check(keyed)


def test_a_held_job_can_be_cancelled_and_put_elsewhere(make: Make) -> None:
    world = make()
    setting(world, "f key_from=/key key_concurrency=1")
    submit_keyed(world.client(), "a1", "a2", "a3", "a4")
    admin = world.admin()
    assert admin.text("cancel job H:test:2") == b"OK\r\n"
    assert b"OK" in admin.text("priority H:test:4 high")
    check(world)
    assert drain_keyed(world.worker("f")) == "a4 a1 a3"
    check(world)


def test_the_client_of_a_held_foreground_job_gets_its_result(world: World) -> None:
    setting(world, "f key_from=/key key_concurrency=1")
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"u", workload("a1"))
    client.submit_job(b"f", b"v", workload("a2"))
    other = world.client()
    other.submit_job(b"f", b"v", workload("a2"))
    assert drain_keyed(worker) == "a1 a2"
    assert [each.name for each in other.received] == ["job_created", "work_complete"]
    client.submit_job(b"f", b"w", workload("a3"))
    client.submit_job(b"f", b"x", workload("a4"))
    client.leave()
    check(world)
    assert drain_keyed(worker) == ""


def test_a_delayed_job_is_held_from_when_it_is_due(make: Make) -> None:
    world = make()
    setting(world, "f key_from=/key key_concurrency=1")
    when = b"%d" % (world.wall_time + 10)
    for name in ("a1", "a2", "b1"):
        world.client().submit_job_epoch(b"f", b"", when, workload(name))
    submit_keyed(world.client(), "a3")
    worker, other = world.worker("f"), world.worker("f")
    assert take(worker)[1] == "a3"
    world.advance(10)
    assert take(other)[1] == "b1"
    assert take(other)[1] == ""
    check(world)
    worker.leave()
    # The lost job is ready again, behind what waited for its key.
    assert drain_keyed(other) == "a1 a2 a3"


def test_a_rate_of_each_key(make: Make) -> None:
    world = make()
    setting(world, "f key_from=/key key_rate=1/10s")
    worker = world.worker("f")
    submit_keyed(world.client(), "a1", "a2", "b1", "a3")
    assert drain_keyed(worker) == "a1 b1"
    assert len(world.engine.state.alarms) == 2
    world.advance(9.9)
    assert drain_keyed(worker) == ""
    world.advance(0.2)
    assert drain_keyed(worker) == "a2"
    world.advance(10)
    assert drain_keyed(worker) == "a3"
    check(world)
    world.advance(10)
    assert live(world) == []


def test_a_sleeper_is_woken_for_a_keys_token(world: World) -> None:
    setting(world, "f key_from=/key key_rate=1/10s")
    worker = world.worker("f")
    submit_keyed(world.client(), "a1", "a2", "a3")
    assert drain_keyed(worker) == "a1"
    worker.pre_sleep()
    assert worker.received == []
    world.advance(10)
    assert worker.received == [noop()]


def test_limits_of_the_function_and_of_keys_hold_together(world: World) -> None:
    setting(world, "f key_from=/key key_concurrency=2 concurrency=3")
    submit_keyed(world.client(), "a1", "a2", "a3", "b1", "b2")
    workers = [world.worker("f") for _ in range(4)]
    jobs = [take(worker) for worker in workers]
    assert [name for _, name in jobs] == ["a1", "a2", "b1", ""]
    workers[2].work_complete(jobs[2][0], b"")
    assert take(workers[3])[1] == "b2"
    check(world)


def test_retries_keep_to_the_limits_of_their_key(make: Make) -> None:
    world = make()
    setting(world, "f key_from=/key key_concurrency=1 max_attempts=3 backoff_delay=5")
    worker = world.worker("f")
    submit_keyed(world.client(), "a1", "a2")
    worker.work_fail(take(worker)[0])
    # While it pauses, others of its key go on.
    second, name = take(worker)
    assert name == "a2"
    world.advance(6)
    other = world.worker("f")
    assert take(other)[1] == ""
    check(world)
    worker.work_complete(second, b"")
    assert take(other)[1] == "a1"


def test_held_jobs_come_back_after_a_restart() -> None:
    store = MemoryStore()
    world = World(store=store, window=5)
    setting(world, "f key_from=/key key_concurrency=1")
    submit_keyed(world.client(), *(f"a{n}" for n in range(100)), "b1", "b2", "b3")
    worker = world.worker("f")
    assert drain_keyed(worker, 3) == "a0 b1 a1"
    assert [take(worker)[1], take(world.worker("f"))[1]] == ["b2", "a2"]
    store.close()
    again = World(store=store, window=5, now=world.now)
    setting(again, "f key_from=/key key_concurrency=1")
    check(again)
    assert counts(again) == (100, 0)
    assert drain_keyed(again.worker("f"), 5) == "a2 b2 a3 b3 a4"
    assert drain_keyed(again.worker("f")).split() == [f"a{n}" for n in range(5, 100)]
    assert counts(again) == (0, 0)


def test_little_is_in_memory_of_keys_with_many_jobs() -> None:
    world = stored(window=8)
    setting(world, "f key_from=/key key_concurrency=1")
    submit_keyed(world.client(), *(f"{key}{n}" for n in range(100) for key in "abcde"))
    assert len(world.engine.state.jobs) <= 5 * 9
    check(world)
    done = drain_keyed(world.worker("f")).split()
    assert len(done) == 500
    assert all(one[0] != other[0] for one, other in pairwise(done))


def test_a_key_is_given_back_by_a_job_that_moves_to_another_function(
    make: Make,
) -> None:
    world = make()
    setting(world, "f key_from=/key key_concurrency=1")
    setting(world, "g key_concurrency=1")
    submit_keyed(world.client(), *(f"a{n}" for n in range(30)))
    assert b"OK" in world.admin().text("move jobs g function=f")
    check(world)
    world.advance(0)
    worker, other = world.worker("g"), world.worker("g")
    job, name = take(worker)
    assert (name, take(other)[1]) == ("a0", "")
    worker.work_complete(job, b"")
    assert len(drain_keyed(other).split()) == 29
    check(world)


def test_a_job_that_ran_behind_its_twin_waits_for_its_key_too(world: World) -> None:
    setting(world, "f key_from=/key key_concurrency=1 dedupe=again")
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", workload("a1"))
    job, _ = take(worker)
    client.submit_job_bg(b"f", b"u", workload("a2"))
    client.submit_job_bg(b"f", b"v", workload("a3"))
    check(world)
    worker.work_complete(job, b"")
    check(world)
    assert drain_keyed(worker) == "a3 a2"


def test_a_held_job_makes_room_for_a_newer_one(world: World) -> None:
    setting(world, "f key_from=/key key_concurrency=1 max_waiting=2")
    setting(world, "f when_full=drop_oldest")
    client, worker = world.client(), world.worker("f")
    submit_keyed(client, "a1")
    job, _ = take(worker)
    submit_keyed(client, "a2", "a3", "a4")
    worker.work_complete(job, b"")
    assert drain_keyed(worker) == "a3 a4"
    check(world)


def test_the_oldest_that_waits_may_be_held(world: World) -> None:
    setting(world, "f key_from=/key key_concurrency=1")
    submit_keyed(world.client(), "a1")
    take(world.worker("f"))
    submit_keyed(world.client(), "a2")
    world.advance(7)
    function = world.engine.state.functions[b"f"]
    assert function.waiting_since() == world.wall_time - 7


@pytest.mark.parametrize(("size", "weight"), [(10, 1), (40_000, FULL_PAGE)])
def test_small_pages_of_small_jobs_are_light(size: int, weight: int) -> None:
    world = stored(window=8)
    setting(world, "f key_from=/key key_concurrency=1")
    client, worker = world.client(), world.worker("f")
    data = b'{"key": "a", "rest": "%s"}' % (b"x" * size)
    for _ in range(20):
        client.submit_job_bg(b"f", b"", data)
    world.is_committing = False
    asked: set[int] = set()
    for _ in range(8):
        job = grab(worker)[0]
        if job:
            worker.work_complete(job, b"")
        asked.add(world.engine.memory.pages)
    assert asked - {0} == {weight}
