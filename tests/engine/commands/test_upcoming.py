"""What comes when: delayed jobs, recurring ones, and what the store alone has."""

from __future__ import annotations

import pytest

from tests.support.dialogue import World
from tests.support.stored_engine import grab, rows, stored, submit, submit_due

EVERY_MINUTE = (b"*", b"", b"", b"", b"")


def each_minute(cron: str, timezone: str, after: float) -> float:
    return (after // 60 + 1) * 60


def filled() -> World:
    """Return a world with two delayed jobs and two recurring ones."""
    world = World(each_minute)
    client = world.client()
    submit_due(client, world.wall_time + 90, "second")
    submit_due(client, world.wall_time + 30, "first", "u")
    client.option_req(b"headers\0tenant\0acme")
    client.submit_job_sched(b"f", b"r", *EVERY_MINUTE, b"work")
    client.submit_job_sched(b"g", b"", *EVERY_MINUTE, b"")
    return world


def kinds(world: World, words: str = "") -> list[str]:
    return [row["kind"] for row in rows(world.admin(), f"upcoming {words}".strip())]


def test_the_soonest_comes_first() -> None:
    world = filled()
    found = rows(world.admin(), "upcoming")
    assert [row["when"] for row in found] == sorted(row["when"] for row in found)
    jobs = [row for row in found if row["kind"] == "job"]
    assert [row["handle"] for row in jobs] == ["H:test:2", "H:test:1"]
    assert jobs[0]["when"] == pytest.approx(world.wall_time + 30, abs=1)
    assert jobs[0]["unique"] == "u"
    f, g = (row for row in found if row["kind"] == "schedule")
    assert f == {
        "when": each_minute("", "", world.wall_time),
        "kind": "schedule",
        "handle": "H:test:3",
        "function": "f",
        "unique": "r",
        "fields": "* * * * *",
        "last": None,
        "size": 4,
        "headers": {"tenant": "acme"},
        "lost": False,
    }
    assert g["function"] == "g"


def test_a_function_and_a_kind_may_be_asked_for() -> None:
    world = filled()
    assert sorted(kinds(world, "function=f")) == ["job", "job", "schedule"]
    assert kinds(world, "function=g") == ["schedule"]
    assert kinds(world, "kind=job limit=1") == ["job"]
    assert kinds(world, "kind=schedule") == ["schedule"] * 2
    assert kinds(world, "function=f kind=job") == ["job"] * 2
    assert kinds(world, "function=none") == []


@pytest.mark.parametrize("words", ["kind=other", "limit=0", "state=ready"])
def test_wrong_words_are_named(words: str) -> None:
    answer = World().admin().text(f"upcoming {words}")
    assert answer.startswith(b"ERR INVALID_ARGUMENTS")


def test_an_attempt_that_waits_for_its_pause_comes_too() -> None:
    world = World()
    world.engine.change_policy(b"f", {"max_attempts": 3, "backoff_delay": 60.0})
    worker = world.worker("f")
    submit(world.client(), "w")
    job, _ = grab(worker)
    worker.work_fail(job)
    (row,) = rows(world.admin(), "upcoming")
    assert (row["kind"], row["attempts"], row["reason"]) == ("job", 1, "fail")
    assert row["when"] > world.wall_time


def test_what_the_store_alone_has_is_told_by_its_first() -> None:
    world = stored(2)
    client = world.client()
    for seconds in range(100, 600, 100):
        submit_due(client, world.wall_time + seconds, "w")
    for words in ("", "function=f", "kind=stored"):
        found = rows(world.admin(), f"upcoming {words}".strip())
        (rest,) = [row for row in found if row["kind"] == "stored"]
        assert rest["function"] == "f"
        assert rest["priority"] == "normal"
        memory = len(rows(world.admin(), "upcoming kind=job"))
        assert rest["count"] + memory == 5
        assert rest["when"] > world.wall_time


def next_time(world: World) -> float:
    return float(rows(world.admin(), "upcoming function=f kind=schedule")[0]["when"])


def test_a_recurring_job_is_run_now_beside_its_times() -> None:
    world = World(each_minute)
    world.client().submit_job_sched(b"f", b"", *EVERY_MINUTE, b"w")
    first = next_time(world)
    admin = world.admin()
    assert admin.text("run H:test:1") == b"OK\r\n"
    assert admin.text("status") == b"f\t1\t0\t0\n.\n"
    assert next_time(world) == first
    (row,) = rows(admin, "upcoming")
    assert row["last"] == pytest.approx(world.wall_time)
    admin.text("drain f")
    assert admin.text("run H:test:1").startswith(b"ERR QUEUE_ERROR")
    assert [row["command"] for row in rows(admin, "actions")] == ["drain", "run"]
