"""Rows of several job servers, added up."""

from __future__ import annotations

from geartrain.engine.commands.sums import added
from tests.support.dialogue import WALL_START, World
from tests.support.linked_jobs import linking, run_next, submit_named
from tests.support.linked_worlds import LinkedWorlds
from tests.support.stored_engine import stored


def linked() -> LinkedWorlds:
    return LinkedWorlds(World(), b=World(handle_prefix=b"H:b"), c=World())


def test_columns_of_one_function_are_added_up() -> None:
    worlds = linked()
    worlds.first.client().submit_job_bg(b"f", b"", b"w")
    worlds.others["b"].client().submit_job_high_bg(b"f", b"", b"w")
    worlds.others["b"].worker("f", "g")
    worlds.others["c"].worker("f").grab_job()
    admin = worlds.first.admin()
    assert worlds.text(admin, "all status") == b"f\t2\t0\t2\ng\t0\t0\t1\n.\n"
    assert worlds.text(admin, "all prioritystatus") == (
        b"f\t1\t1\t0\t2\ng\t0\t0\t0\t1\n.\n"
    )


def test_rows_of_functions_and_counters_are_added_up() -> None:
    worlds = linked()
    for world in (worlds.first, worlds.others["b"]):
        world.client().submit_job_bg(b"f", b"", b"w")
    worlds.others["b"].admin().text("pause f")
    worlds.first.advance(3)
    admin = worlds.first.admin()
    (row,) = worlds.rows(admin, "all show functions")
    assert (row["total"], row["normal"], row["paused"]) == (2, 2, True)
    assert row["oldest"] == 3
    (row,) = worlds.rows(admin, "all counters")
    assert row["submitted"] == 2


def test_a_function_may_be_known_to_another_only() -> None:
    worlds = linked()
    worlds.others["c"].client().submit_job_bg(b"f", b"", b"w")
    admin = worlds.first.admin()
    (row,) = worlds.rows(admin, "all show functions f")
    assert row["total"] == 1
    assert worlds.rows(admin, "all show functions g") == []


def test_kinds_of_failures_are_counted_together() -> None:
    worlds = LinkedWorlds(stored(), b=stored(handle_prefix=b"H:b"))
    for world, count in ((worlds.first, 1), (worlds.others["b"], 2)):
        worker = world.worker("f", "g")
        for name, error in [(b"f", b"no 1")] * count + [(b"g", b"no")]:
            client = world.client()
            client.submit_job_bg(name, b"", b"w")
            worker.grab_job()
            given = worker.received[-1].arguments[0]
            worker.work_exception(given, error)
            world.advance(1)
    admin = worlds.first.admin()
    for line in ("all dead groups", "all failures"):
        rows = worlds.rows(admin, line)
        assert [(row["function"], row["count"]) for row in rows] == [("f", 3), ("g", 2)]
        assert rows[0]["handle"].startswith("H:b:")
        assert len(worlds.rows(admin, line + " limit=1")) == 1


def test_what_is_told_of_both_is_put_together() -> None:
    one = {"function": "f", "count": 1, "last": 5, "first": 2, "error": "old", "l": [1]}
    other = {"function": "f", "count": 2, "last": 7, "first": 3, "error": "new"}
    other["l"] = [1, 2]
    assert added(one, other) == {
        "function": "f",
        "count": 3,
        "last": 7,
        "first": 2,
        "error": "new",
        "l": [2, 2],
    }
    assert added({"next": None, "a": {"b": 1}}, {"next": 3, "a": {"b": 2}}) == {
        "next": 3,
        "a": {"b": 3},
    }


def test_a_batch_has_the_jobs_of_all() -> None:
    worlds = LinkedWorlds(linking(), b=linking(), c=linking())
    first, other = worlds.first, worlds.others["b"]
    for world, count in ((first, 1), (other, 2)):
        for _ in range(count):
            submit_named(world, "a?batch=x")
    other.advance(5)
    waiting = submit_named(other, "b?after=batch:x")
    run_next(first, "a")
    admin = first.admin()
    (row,) = worlds.rows(admin, "all batch x")
    assert row == {
        "name": "x",
        "total": 3,
        "succeeded": 1,
        "failed": 0,
        "dead": 0,
        "left": 2,
        "blocked": 0,
        "began": WALL_START,
        "ended": None,
        "waiting": [waiting],
    }
    submit_named(other, "a?batch=y")
    (row,) = worlds.rows(admin, "all batch y")
    assert row["total"] == 1
    assert worlds.text(admin, "all batch z").startswith(b"ERR UNKNOWN_BATCH")
    assert worlds.text(admin, "batch y").startswith(b"ERR UNKNOWN_BATCH")


def test_a_batch_that_ended_everywhere_ended_last_where_it_did() -> None:
    assert added({"ended": 3.0}, {"ended": 5.0}) == {"ended": 5.0}
    assert added({"ended": 3.0}, {"ended": None}) == {"ended": None}
    assert added({"waiting": ["a"]}, {"waiting": []}) == {"waiting": ["a"]}
