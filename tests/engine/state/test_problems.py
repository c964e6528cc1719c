"""Each condition is found while it holds, and gone when it is mended."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.model.health import FAILING, REFUSING, Health
from geartrain.engine.model.links import AWAY, CONNECTED, LinkReport
from geartrain.engine.model.shares import Share
from geartrain.engine.state.problems import NAMES
from tests.support.dialogue import World
from tests.support.node_dialogues import node
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


def test_a_lease_that_has_ended() -> None:
    world = stored()
    world.engine.sharing.fence(world.now, is_fenced=True)
    assert "could not be renewed" in found(world)["lease_ended", None]["text"]
    world.engine.sharing.fence(world.now, is_fenced=False)
    assert found(world) == {}


def test_peers_that_stay_away() -> None:
    world = stored()
    links = [LinkReport("b:4730", b"i", b"jobs\x1b2"), LinkReport("c:4730")]
    world.engine.helping.follow(tuple(links))
    for each in links:
        each.state, each.error, each.since = AWAY, "refused", world.wall_time
    world.advance(14)
    assert found(world) == {}
    world.advance(2)
    problem = found(world)["peer_away", None]
    assert problem["text"] == (
        "the job server 'jobs\\x1b2' at b:4730 cannot be helped (refused), and 1 more"
    )
    assert problem["value"] == 2
    links[0].state = links[1].state = CONNECTED
    assert found(world) == {}


def test_memory_near_its_bound() -> None:
    world = stored()
    world.engine.memory.limit_to(100 * MIB)
    world.engine.measured(60 * MIB, 0)
    assert found(world) == {}
    world.engine.measured(70 * MIB, 0)
    assert ("memory_nearly_full", None) in found(world)


def test_a_peer_that_refuses_help() -> None:
    world = stored()
    link = LinkReport("jobs2:4730")
    world.engine.helping.follow((link,))
    assert found(world) == {}
    link.refuse("b may not work for 'f'", world.now)
    link.refuse("b may not work for 'g'", world.now)
    problem = found(world)["peer_refuses", None]
    assert problem["text"].endswith(
        "the peer jobs2:4730: b may not work for 'f', and 1 more"
    )
    world.advance(60)
    link.refuse("b may not work for 'g'", world.now)
    world.advance(30)
    assert problem["text"] != found(world)["peer_refuses", None]["text"]
    world.advance(60)
    assert found(world) == {}


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


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("concurrency=1", "concurrency"),
        ("key_concurrency=1", "key_concurrency"),
        ("order=fifo concurrency=1", "concurrency and order"),
        ("concurrency=2 rate=1/s", None),
    ],
)
def test_a_limit_that_holds_at_each_job_server_by_itself(
    settings: str, said: str | None
) -> None:
    world = stored()
    world.admin().text(f"policy f {settings}")
    world.worker("f")
    assert found(world) == {}
    world.engine.sharing.divide(Share(2, 1), world.now)
    problem = found(world).get(("limit_of_each", "f"))
    if said is None:
        assert problem is None
        return
    assert problem is not None
    assert problem["text"].startswith(f"{said} of 'f' hold")
    assert problem["value"] == 2
    other = node(world, "other", "g")
    assert found(world) == {}
    other.can_do(b"f")
    assert ("limit_of_each", "f") in found(world)


def test_a_limit_is_kept_where_all_workers_are_at_another_job_server() -> None:
    world = stored()
    world.engine.sharing.divide(Share(2, 1), world.now)
    world.admin().text("policy f concurrency=1")
    node(world, "other", "f")
    assert found(world) == {}
