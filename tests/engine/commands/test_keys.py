"""What is told of flow keys, and of what limits hold."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.dialogue import World
from tests.support.keyed import setting, submit_keyed, take
from tests.support.stored_engine import rows, stored


@pytest.fixture(params=[1000, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but a few in the store alone."""
    world = stored(window=request.param)
    setting(world, "f key_from=/key key_concurrency=1")
    return world


def test_keys_are_listed_with_what_they_wait_for(world: World) -> None:
    submit_keyed(world.client(), *(f"a{n}" for n in range(30)), "b1", "-1")
    world.advance(2)
    assert take(world.worker("f"))[1] == "a0"
    a, b = rows(world.admin(), "keys f")
    assert (a["key"], a["waiting"], a["held"], a["running"]) == ("a", 29, 29, 1)
    assert (a["limit"], a["next"], a["oldest"]) == ("key_concurrency", None, 2.0)
    assert (b["key"], b["waiting"], b["held"], b["running"]) == ("b", 1, 0, 0)
    assert (b["limit"], b["next"], b["oldest"]) == (None, None, 2.0)
    (row,) = rows(world.admin(), "show functions f")
    assert (row["held"], row["flow_keys"], row["next"]) == (29, 2, None)
    (row, _) = rows(world.admin(), "statistics sort=held")
    assert (row["now"]["waiting"], row["now"]["held"], row["now"]["flow_keys"]) == (
        31,
        29,
        2,
    )


def test_they_are_sorted_found_and_given_in_slices(world: World) -> None:
    submit_keyed(world.client(), "a1", "b1", "b2", "b3", "c1", "c2")
    admin = world.admin()
    assert [row["key"] for row in rows(admin, "keys f")] == ["b", "c", "a"]
    assert [row["key"] for row in rows(admin, "keys f sort=key")] == ["a", "b", "c"]
    assert [row["key"] for row in rows(admin, "keys f sort=-key")] == ["c", "b", "a"]
    assert [row["key"] for row in rows(admin, "keys f sort=-waiting")] == [*"acb"]
    world.advance(2)
    take(world.worker("f"))
    assert rows(admin, "keys f sort=running")[0]["key"] == "a"
    assert rows(admin, "keys f sort=oldest")[0]["key"] == "b"
    assert [row["key"] for row in rows(admin, "keys f match=B")] == ["b"]
    *first, following = rows(admin, "keys f limit=2")
    assert [row["key"] for row in first] == ["b", "c"]
    rest = rows(admin, f"keys f limit=2 after={quote(following['after'])}")
    assert [row["key"] for row in rest] == ["a"]


def test_a_rate_tells_when_it_lets_the_next_start(world: World) -> None:
    setting(world, "f key_concurrency=0 key_rate=1/1m")
    submit_keyed(world.client(), "a1", "a2")
    worker = world.worker("f")
    job, _ = take(worker)
    worker.work_complete(job, b"")
    (row,) = rows(world.admin(), "keys f")
    wall_time = world.engine.state.wall_time()
    assert row["limit"] == "key_rate"
    assert row["next"] == pytest.approx(wall_time + 60, abs=0.1)
    setting(world, "f rate=1/2m key_rate=none")
    take(worker)
    submit_keyed(world.client(), "a3")
    (row,) = rows(world.admin(), "show functions f")
    assert (row["held"], row["normal"]) == (1, 1)
    assert row["next"] == pytest.approx(wall_time + 120, abs=0.1)


def test_a_function_without_limits_holds_nothing() -> None:
    world = stored()
    world.client().submit_job_bg(b"g", b"", b"w")
    (row,) = rows(world.admin(), "show functions g")
    assert (row["held"], row["flow_keys"], row["next"]) == (0, 0, None)
    assert rows(world.admin(), "keys g") == []


def test_many_keys_are_looked_at_in_steps() -> None:
    world = stored()
    setting(world, "f key_from=/key key_concurrency=1")
    client = world.client()
    for number in range(500):
        client.submit_job_bg(b"f", b"", b'{"key": %d}' % number)
    assert len(rows(world.admin(), "keys f limit=1000")) == 500
    assert len(rows(world.admin(), "keys f limit=10")) == 11


def test_the_jobs_of_a_key_are_found_and_cancelled(world: World) -> None:
    submit_keyed(world.client(), *(f"a{n}" for n in range(12)), "b1")
    admin = world.admin()
    found = [row for row in rows(admin, "jobs key=a") if "handle" in row]
    assert [row["key"] for row in found] == ["a"] * 12
    assert admin.text("cancel jobs key=a") == b"OK 12\n"
    world.advance(0)
    assert [row["key"] for row in rows(admin, "keys f")] == ["b"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("keys", "INVALID_ARGUMENTS keys takes the name of a function"),
        ("keys none", "UNKNOWN_FUNCTION"),
        ("keys f sort=x", "INVALID_ARGUMENTS sort is waiting, running, oldest or key"),
        ("keys f after=x", "INVALID_ARGUMENTS after is not from a list"),
        ("keys f limit=x", "INVALID_ARGUMENTS limit is a number"),
    ],
)
def test_what_cannot_be_told_is_named(world: World, line: str, said: str) -> None:
    answer = world.admin().text(line).decode().replace("+", " ")
    assert answer.startswith(f"ERR {said}")
