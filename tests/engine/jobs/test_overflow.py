"""Where as many jobs wait as may, one more is refused, or the oldest makes room."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    WALL_START,
    World,
    error,
    job_created,
    option_res,
    work_exception,
    work_fail,
)
from tests.support.stored_engine import (
    counts,
    drain,
    grab,
    read_rows,
    rows,
    stored,
    submit,
    submit_due,
)

FULL = error(b"QUEUE_ERROR", b"'f' has 2 waiting jobs: max_waiting")


def limited(most: int = 2, when_full: str = "drop_oldest") -> World:
    world = stored()
    world.policy(b"f", max_waiting=most, when_full=when_full)
    return world


def history(world: World) -> list[tuple[str, str]]:
    """Return what the history has, the latest first."""
    ended = read_rows(world.admin().text("history"))
    return [(row["handle"], row["status"]) for row in ended if "handle" in row]


def total(world: World, name: str) -> int:
    """Return what a counter of function f is."""
    row = rows(world.admin(), "statistics function=f")[0]
    return int(row["total"][name])


def test_one_more_than_may_wait_is_refused() -> None:
    world = limited(when_full="refuse")
    client = world.client()
    submit(client, "a", "b")
    client.submit_job_bg(b"f", b"", b"c")
    client.submit_job(b"f", b"", b"d")
    assert client.received[2:] == [FULL, FULL]
    assert drain(world.worker("f")) == "a b"


def test_what_runs_does_not_wait() -> None:
    world = limited(when_full="refuse")
    client, worker = world.client(), world.worker("f")
    submit(client, "a")
    grab(worker)
    submit(client, "b", "c", "d")
    assert [each.name for each in client.received] == ["job_created"] * 3 + ["error"]


def test_what_joins_another_takes_no_place() -> None:
    world = limited(when_full="refuse")
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"a")
    client.submit_job_bg(b"f", b"v", b"b")
    client.submit_job_bg(b"f", b"u", b"a")
    assert client.received[2] == job_created(H1)


def test_the_oldest_makes_room_and_is_told_of() -> None:
    world = limited()
    client = world.client()
    submit(client, "a", "b", "c", "d")
    assert drain(world.worker("f")) == "c d"
    assert history(world)[-2:] == [("H:test:2", "dropped"), ("H:test:1", "dropped")]
    (row,) = rows(world.admin(), "why H:test:1")
    assert row["state"] == "dropped"
    assert counts(world.restarted()) == (0, 0)


def test_who_waits_for_the_oldest_is_told_why() -> None:
    world = limited()
    waiting, client = world.client(), world.client()
    waiting.option_req(b"reasons")
    waiting.submit_job(b"f", b"", b"a")
    submit(client, "b", "c")
    assert waiting.received == [
        option_res(b"reasons"),
        job_created(H1),
        work_exception(H1, b"dropped for a newer job: at most 2 of 'f' wait"),
    ]
    plain = world.client()
    plain.submit_job(b"f", b"", b"d")
    submit(client, "e", "g")
    assert plain.received[1:] == [work_fail(b"H:test:4")]


def test_none_of_a_higher_priority_is_dropped() -> None:
    world = limited()
    client = world.client()
    submit(client, "High1", "high")
    client.submit_job_high_bg(b"f", b"", b"H2")
    submit(client, "low_")
    client.submit_job_low_bg(b"f", b"", b"low")
    assert drain(world.worker("f")).split()[0] == "High1"


@pytest.mark.parametrize("kind", ["submit_job_low_bg", "submit_job_bg"])
def test_a_job_is_refused_if_only_higher_ones_wait(kind: str) -> None:
    world = limited()
    client = world.client()
    client.submit_job_high_bg(b"f", b"", b"a")
    client.submit_job_high_bg(b"f", b"", b"b")
    getattr(client, kind)(b"f", b"", b"c")
    assert client.received[2:] == [FULL]


def test_what_waits_for_a_time_is_dropped_after_what_could_run() -> None:
    world = limited()
    client = world.client()
    submit_due(client, WALL_START + 100, "later")
    submit(client, "a", "b")
    assert counts(world) == (2, 0)
    submit_due(client, WALL_START + 200, "latest")
    submit_due(client, WALL_START + 300, "last")
    assert drain(world.worker("f")) == ""
    world.advance(300)
    assert drain(world.worker("f")) == "latest last"


def test_a_lowered_limit_is_reached_little_by_little() -> None:
    world = limited(100)
    client = world.client()
    submit(client, *(f"w{number}" for number in range(100)))
    world.policy(b"f", max_waiting=5)
    for number in range(12):
        submit(client, f"new{number}")
    assert counts(world) == (5, 0)
    assert drain(world.worker("f")).split()[-1] == "new11"


def test_the_dropped_are_counted() -> None:
    world = limited(1)
    client = world.client()
    submit(client, "a", "b", "c")
    assert total(world, "displaced") == 2


def test_the_result_says_that_it_was_dropped() -> None:
    world = limited(1)
    world.policy(b"f", result_ttl=60)
    submit(world.client(), "a", "b")
    (row,) = rows(world.admin(), "result H:test:1")
    assert row["state"] == "dropped"


def test_what_the_store_has_follows_what_was_dropped() -> None:
    world = stored(2)
    world.policy(b"f", max_waiting=5, when_full="drop_oldest")
    client = world.client()
    submit(client, *(f"w{number}" for number in range(9)))
    assert drain(world.worker("f")) == "w4 w5 w6 w7 w8"
    assert [each.arguments[0] for each in client.received][:3] == [H1, H2, H3]


def test_the_oldest_may_be_one_that_its_flow_key_holds() -> None:
    world = limited(3)
    world.policy(b"f", key_concurrency=1, options_in_names=True)
    client, worker = world.client(), world.worker("f")
    names = [b"f?key=a", b"f?key=a&priority=low", b"f?key=b&priority=low", b"f?key=b"]
    client.submit_job(names[0], b"", b"runs")
    grab(worker)
    for name in names[1:]:
        client.submit_job(name, b"", b"waits")
    # The one of key a is held, and older than that of key b, which could run.
    client.submit_job(b"f?key=c", b"", b"newest")
    (dropped,) = [each for each in client.received if each.name == "work_fail"]
    assert dropped == work_fail(H2)
    # Never one of a higher priority, held or not.
    for _ in range(2):
        client.submit_job(b"f?key=d", b"", b"newest")
    fails = [each.arguments[0] for each in client.received if each.name == "work_fail"]
    assert fails == [H3, b"H:test:4"]
    client.submit_job(b"f?key=d&priority=low", b"", b"newest")
    assert [each.name for each in client.received] == ["error"]
