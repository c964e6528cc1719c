"""Each condition is found while it holds, and gone when it is mended."""

from __future__ import annotations

from typing import Any

from geartrain.engine.model.health import FAILING, REFUSING, Health
from geartrain.engine.state.problems import NAMES
from tests.support.dialogue import World
from tests.support.stored_engine import bury, grab, rows, stored, submit

MIB = 1024 * 1024


def found(world: World) -> dict[tuple[str, str | None], dict[str, Any]]:
    """Return what is wrong, by name and function."""
    told = rows(world.admin(), "problems")
    assert {each["problem"] for each in told} <= set(NAMES)
    assert all(each["remedy"] for each in told)
    return {(each["problem"], each["function"]): each for each in told}


def test_nothing_is_wrong_with_a_new_server() -> None:
    assert found(stored()) == {}


def test_jobs_that_no_worker_can_do() -> None:
    world = stored()
    submit(world.client(), "w1", "w2")
    problem = found(world)["no_worker", "f"]
    assert problem["text"] == "no worker has the function 'f', and 2 jobs wait"
    assert problem["value"] == 2
    world.worker("f")
    assert found(world) == {}


def test_jobs_that_only_the_store_has_count() -> None:
    world = stored(window=2)
    submit(world.client(), *(f"w{number}" for number in range(10)))
    assert found(world)["no_worker", "f"]["value"] == 10


def test_a_delayed_job_is_no_problem() -> None:
    world = stored()
    when = b"%d" % (world.wall_time + 60)
    world.client().submit_job_epoch(b"f", b"", when, b"w")
    assert found(world) == {}
    world.advance(61)
    assert ("no_worker", "f") in found(world)


def test_jobs_that_wait_long_for_busy_workers() -> None:
    world = stored()
    submit(world.client(), "w1", "w2")
    worker = world.worker("f")
    grab(worker)
    assert found(world) == {}
    world.advance(301)
    problem = found(world)["old_jobs", "f"]
    assert problem["value"] == 301
    grab(worker)
    assert found(world) == {}


def test_dead_letters_of_the_last_minutes() -> None:
    world = stored()
    bury(world, world.client(), "w1", "w2")
    assert found(world)["dead_letters", "f"]["value"] == 2
    world.advance(600)
    assert found(world) == {}


def test_the_store() -> None:
    world = stored()
    health = Health()
    world.engine.show_health(health)
    health.state, health.reason = REFUSING, "the disk is full"
    problem = found(world)["store_refusing", None]
    assert problem["text"].endswith("no new jobs: the disk is full")
    health.state = FAILING
    health.is_slow = True
    health.free = 200 * MIB
    names = {name for name, _ in found(world)}
    assert names == {"store_failing", "store_slow", "disk_nearly_full"}


def test_memory_near_its_bound() -> None:
    world = stored()
    world.engine.memory.limit_to(100 * MIB)
    world.engine.measured(60 * MIB, 0)
    assert found(world) == {}
    world.engine.measured(70 * MIB, 0)
    assert ("memory_nearly_full", None) in found(world)


def test_a_problem_keeps_the_time_when_it_began() -> None:
    world = stored()
    submit(world.client(), "w1")
    began = world.wall_time
    world.engine.look_for_problems()
    world.advance(100)
    assert found(world)["no_worker", "f"]["since"] == began
    world.worker("f").leave()
    world.advance(10)
    assert found(world)["no_worker", "f"]["since"] == began


def test_ten_thousand_functions_are_looked_at_in_steps() -> None:
    world = stored(window=1)
    client = world.client()
    for number in range(10_000):
        submit(client, "w", function=b"f%d" % number)
    world.engine.look_for_problems()
    assert world.engine.has_more()
    turns = 0
    while world.engine.has_more():
        world.engine.go_on(world.now)
        turns += 1
    assert turns > 1
    assert len(world.engine.state.problems) == 10_000


def test_a_function_that_is_held_is_not_said_to_lack_workers() -> None:
    world = stored()
    submit(world.client(), "w1", "w2")
    admin = world.connect(b"10.0.0.7")
    admin.set_client_id(b"ops")
    admin.text("pause f*")
    world.advance(30)
    (key,) = found(world)
    assert key == ("paused", "f")
    problem = found(world)[key]
    assert problem["text"] == ("'f' is paused for 30 s, by 'ops', and 2 jobs wait")
    assert problem["value"] == 2
    world.worker("f")
    world.advance(600)
    # Nobody keeps them but who paused it.
    assert list(found(world)) == [key]
    admin.text("resume f*")
    assert list(found(world)) == [("old_jobs", "f")]


def test_a_function_that_drains_without_workers_says_so() -> None:
    world = stored()
    submit(world.client(), "w1")
    world.connect(b"10.0.0.7").text("policy f draining=true")
    problem = found(world)["draining", "f"]
    assert "by '10.0.0.7', and 1 job waits" in problem["text"]
    world.worker("f")
    assert found(world) == {}


def test_the_file_paused_it() -> None:
    world = stored()
    world.policy(b"f", paused=True)
    submit(world.client(), "w1")
    assert found(world)["paused", "f"]["text"] == "'f' is paused, and 1 job waits"


def test_policies_say_from_when_on_something_is_wrong() -> None:
    world = stored()
    world.policy(b"f", alert_no_worker=60, alert_age=10, alert_dead=3)
    submit(world.client(), "w1", "w2")
    world.advance(59)
    assert found(world) == {}
    world.advance(1)
    assert list(found(world)) == [("no_worker", "f")]
    worker = world.worker("f")
    assert list(found(world)) == [("old_jobs", "f")]
    grab(worker)
    grab(worker)
    worker.leave()
    world.advance(59)
    assert found(world) == {}
    world.advance(2)
    assert list(found(world)) == [("no_worker", "f")]
    world.policy(b"f", alert_no_worker=86400)
    bury(world, world.client(), "a", "b")
    assert found(world) == {}
    world.policy(b"f", alert_dead=2)
    assert list(found(world)) == [("dead_letters", "f")]
    world.policy(b"f", alert_dead=0, alert_age=0)
    world.worker("f")
    world.advance(200)
    assert found(world) == {}
