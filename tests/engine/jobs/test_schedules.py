"""Which schedules there are: of the file, of operators, and of both."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.model.settings import Value
from geartrain.server.cron import calendar
from tests.support.dialogue import World
from tests.support.stored_engine import rows, stored

NIGHTLY: dict[str, Value] = {"function": "report", "cron": "0 3 * * *"}


@pytest.fixture
def world() -> World:
    return stored(calendar=calendar("UTC"))


def give(world: World, **definitions: dict[str, Value]) -> None:
    world.engine.set_schedules(
        {name.encode(): given for name, given in definitions.items()}
    )
    world.advance(0)
    world.deliver()


def listed(world: World) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows(world.admin(), "schedule list")}


def reloaded(world: World, **definitions: dict[str, Value]) -> World:
    """Return a world that starts on the store of this one, with this file."""
    assert world.store is not None
    world.is_committing = False
    world.store.close()
    other = World(calendar("UTC"), now=world.now)
    give(other, **definitions)
    other.store = world.store
    other.engine.resume(
        world.store.open(), other.now, keeps_jobs=True, holds=True, most_waiting=2**30
    )
    other.advance(0)
    other.deliver()
    return other


def test_the_file_has_schedules_from_the_start_and_after_a_reload(
    world: World,
) -> None:
    give(world, nightly=NIGHTLY)
    row = listed(world)["nightly"]
    assert (row["source"], row["state"], row["changed"]) == ("file", "waiting", [])
    assert row["next"] is not None
    give(world, nightly=NIGHTLY | {"every": 60.0, "cron": ""}, other=NIGHTLY)
    assert listed(world)["nightly"]["next"] == pytest.approx(world.wall_time + 60)
    give(world, other=NIGHTLY)
    assert list(listed(world)) == ["other"]
    give(world)
    assert listed(world) == {}


def test_a_reload_that_changes_nothing_leaves_the_next_time(world: World) -> None:
    give(world, often={"function": "f", "every": 100.0})
    due = listed(world)["often"]["next"]
    world.advance(50)
    give(world, often={"function": "f", "every": 100.0})
    give(world, often={"function": "g", "every": 100.0})
    assert listed(world)["often"]["next"] == pytest.approx(due)
    assert listed(world)["often"]["function"] == "g"


def test_what_is_set_at_run_time_comes_before_the_file(world: World) -> None:
    give(world, nightly=NIGHTLY)
    admin = world.admin()
    assert admin.text("schedule change nightly every=60 missed=all") == b"OK\r\n"
    give(world, nightly=NIGHTLY | {"cron": "0 4 * * *", "overlap": "skip"})
    row = listed(world)["nightly"]
    assert (row["every"], row["cron"], row["overlap"]) == (60, None, "skip")
    assert row["changed"] == ["every", "missed"]
    assert admin.text("schedule change nightly every= missed=") == b"OK\r\n"
    row = listed(world)["nightly"]
    assert (row["cron"], row["missed"], row["changed"]) == ("0 4 * * *", "once", [])


def test_a_schedule_of_the_file_is_paused_but_not_removed(world: World) -> None:
    give(world, nightly=NIGHTLY)
    admin = world.admin()
    said = admin.text("schedule remove nightly").decode().replace("+", " ")
    assert "'nightly' stands in the configuration file: remove it there" in said
    assert b"remove+it+there" in admin.text("cancel job nightly")
    admin.text("schedule pause nightly")
    assert listed(world)["nightly"]["changed"] == ["paused"]
    # The file's own word holds again.
    admin.text("schedule resume nightly")
    assert listed(world)["nightly"]["changed"] == []
    give(world, nightly=NIGHTLY | {"paused": True})
    assert listed(world)["nightly"]["state"] == "paused"
    admin.text("schedule resume nightly")
    assert listed(world)["nightly"]["changed"] == ["paused"]
    assert listed(world)["nightly"]["state"] == "waiting"


def test_a_restart_has_both_again(world: World) -> None:
    give(world, nightly=NIGHTLY)
    world.admin().text("schedule change nightly missed=skip")
    world.admin().text("schedule add mine function=f every=60")
    again = reloaded(world, nightly=NIGHTLY)
    found = listed(again)
    assert (found["nightly"]["source"], found["nightly"]["missed"]) == ("file", "skip")
    assert found["mine"]["source"] == "runtime"
    (notice,) = again.notices()
    assert (notice.level, notice.action) == ("warning", "schedule_changed")
    assert notice.text == (
        "the schedule nightly of the configuration file was changed at run time, which"
        " counts: missed"
    )


def test_what_was_changed_of_one_that_the_file_has_no_more_is_dropped(
    world: World,
) -> None:
    give(world, nightly=NIGHTLY)
    world.admin().text("schedule change nightly missed=skip")
    again = reloaded(world)
    assert listed(again) == {}
    assert "schedule_lost" in [each.action for each in again.notices()]
    assert listed(reloaded(again, nightly=NIGHTLY))["nightly"]["missed"] == "once"


def test_one_that_was_added_stays_when_the_file_has_it_no_more(world: World) -> None:
    world.admin().text("schedule add nightly function=mine every=60")
    give(world, nightly=NIGHTLY)
    row = listed(world)["nightly"]
    assert (row["source"], row["function"], row["every"]) == ("file", "mine", 60)
    give(world)
    assert listed(world)["nightly"]["source"] == "runtime"


def test_a_function_without_jobs_is_let_go_of(world: World) -> None:
    give(world, nightly=NIGHTLY)
    admin = world.admin()
    assert admin.text("drop function report").startswith(b"ERR")
    give(world, nightly=NIGHTLY | {"function": "other"})
    assert admin.text("drop function report") == b"OK\r\n"


def test_ten_thousand_of_a_file_are_taken_and_timed_a_few_each_turn() -> None:
    world = World(calendar("UTC"))
    world.connect()
    world.goes_on = False
    definitions: dict[bytes, dict[str, Value]] = {
        b"n%d" % number: {"function": "f", "cron": f"{number % 60} 3 * * *"}
        for number in range(2_000)
    }
    turns = world.engine.state.turns
    steps = []
    before = turns.work
    world.engine.set_schedules(definitions)
    while True:
        steps.append(turns.work - before)
        before = turns.work
        deadline = world.engine.deadline()
        if world.engine.has_more():
            world.engine.go_on(world.now)
        elif deadline is not None and deadline <= world.now:
            world.engine.tick(world.now)
        else:
            break
    assert max(steps) < 12_000
    assert len(world.engine.state.calendar_alarms) == 2_000
