"""Schedules over restarts and crashes: each time comes once, or as ``missed`` says."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.server.cron import calendar
from tests.support.dialogue import STEADY_START, WALL_START, World
from tests.support.stored_engine import rows, stored

MINUTE = 60.0
HOUR = 3600.0


def world_with(given: str) -> World:
    world = stored(calendar=calendar("UTC"))
    assert world.admin().text(f"schedule add s function=f {given}") == b"OK\r\n"
    return world


def restarted(world: World, after: float = 0.0, stepped: float = 0.0) -> World:
    """Return a world that starts some seconds later, its clock set meanwhile."""
    assert world.store is not None
    world.is_committing = False
    world.store.close()
    other = World(calendar("UTC"), now=world.now + after)
    other.engine.set_clock(WALL_START - STEADY_START + stepped)
    other.engine.state.steady_offset = other.engine.state.clock_offset
    other.store = world.store
    other.engine.resume(world.store.open(), other.now, keeps_jobs=True, holds=True)
    settle(other)
    return other


def settle(world: World) -> None:
    """Do all that is due now, whatever it takes."""
    while (deadline := world.engine.deadline()) is not None and deadline <= world.now:
        world.engine.tick(world.now)
    world.deliver()


def shown(world: World) -> dict[str, Any]:
    return rows(world.admin(), "schedule show s")[0]


def job_count(world: World) -> int:
    found: int = rows(world.admin(), "show functions f")[0]["total"]
    return found


TEN_MINUTES = "cron=*/10%20*%20*%20*%20*"


@pytest.mark.parametrize("times", [TEN_MINUTES, "every=600"])
@pytest.mark.parametrize(("missed", "count"), [("skip", 0), ("once", 1), ("all", 6)])
def test_times_that_passed_while_the_server_was_away(
    times: str, missed: str, count: int
) -> None:
    world = restarted(world_with(f"{times} missed={missed}"), HOUR + 150)
    assert job_count(world) == count
    # The next time is to come, and it is the one that would have come anyway.
    assert 0 < shown(world)["next"] - world.wall_time <= 600
    world.advance(600)
    assert job_count(world) == count + 1


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
def test_a_short_absence_leaves_no_time_out(missed: str) -> None:
    world = world_with(f"{TEN_MINUTES} missed={missed}")
    due = shown(world)["next"]
    world.advance(due - world.wall_time - 5)
    again = restarted(world, 30)
    assert job_count(again) == 1
    assert shown(again)["next"] == due + 600


def test_all_that_passed_has_a_bound_and_says_so() -> None:
    world = restarted(world_with(f"{TEN_MINUTES} missed=all"), 30 * HOUR)
    assert job_count(world) == 100
    assert [each.action for each in world.notices()] == ["schedule_missed"]
    world.advance(600)
    assert job_count(world) == 101


def test_a_skipped_time_stays_skipped_after_a_restart() -> None:
    world = world_with(TEN_MINUTES)
    due = shown(world)["next"]
    world.admin().text("schedule skip s")
    again = restarted(world)
    assert shown(again)["next"] == due + 600
    assert shown(again)["last"]["outcome"] == "skipped"


def test_the_last_runs_are_known_after_a_restart_and_how_they_ended() -> None:
    world = world_with(TEN_MINUTES)
    world.advance(20 * MINUTE)
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(worker.received[0].arguments[0], b"")
    again = restarted(world)
    latest, first = shown(again)["runs"]
    assert (first["outcome"], latest["outcome"]) == ("succeeded", None)
    worker = again.worker("f")
    worker.grab_job()
    assert worker.received[0].arguments[0] == latest["handle"].encode()
    worker.work_fail(latest["handle"].encode())
    assert shown(again)["last"]["outcome"] == "dead"


def test_a_paused_one_stays_paused() -> None:
    world = world_with(TEN_MINUTES)
    world.admin().text("schedule pause s")
    again = restarted(world, HOUR)
    assert (shown(again)["state"], job_count(again)) == ("paused", 0)


@pytest.mark.parametrize("stepped", [-30 * 86400.0, -HOUR])
def test_a_clock_that_was_set_back_meanwhile_finds_the_next_time_anew(
    stepped: float,
) -> None:
    world = restarted(world_with(TEN_MINUTES), 5.0, stepped)
    now = world.wall_time + stepped
    assert 0 < shown(world)["next"] - now <= 600
    assert job_count(world) == 0


@pytest.mark.parametrize("stepped", [-30 * 86400.0, 50 * HOUR])
def test_what_counts_seconds_is_moved_by_no_step(stepped: float) -> None:
    world = world_with("every=600")
    world.advance(100)
    world.engine.set_clock(WALL_START - STEADY_START + stepped)
    settle(world)
    world.advance(499)
    assert job_count(world) == 0
    world.advance(1)
    assert job_count(world) == 1


def test_other_times_begin_anew_after_the_schedule_was_changed_while_away() -> None:
    world = stored(calendar=calendar("UTC"))
    world.engine.set_schedules({b"s": {"function": "f", "cron": "0 * * * *"}})
    settle(world)
    assert world.store is not None
    world.is_committing = False
    world.store.close()
    other = World(calendar("UTC"), now=world.now + 5 * HOUR)
    other.engine.set_schedules({b"s": {"function": "f", "cron": "30 * * * *"}})
    other.store = world.store
    other.engine.resume(world.store.open(), other.now, keeps_jobs=True, holds=True)
    settle(other)
    assert job_count(other) == 0
    assert shown(other)["next"] % 3600 == 1800


@pytest.mark.parametrize("times", [TEN_MINUTES, "every=600", "every=600 unique=u"])
@pytest.mark.parametrize("is_written", [True, False])
def test_a_crash_at_its_time_has_it_come_once(times: str, is_written: bool) -> None:
    """The job and the schedule's step are in one batch: both are there, or none is."""
    world = world_with(times)
    world.is_committing = False
    world.advance(shown(world)["next"] - world.wall_time)
    batch = world.engine.take_batch()
    assert batch is not None
    assert len(batch.added) == 1
    assert world.store is not None
    if is_written:
        world.store.commit(batch)
    again = restarted(world, 1)
    assert job_count(again) == 1
    assert len(shown(again)["runs"]) == 1
    again.advance(600)
    assert job_count(again) == (1 if "unique" in times else 2)


def test_what_cannot_be_read_again_is_told_and_costs_nothing_else() -> None:
    world = world_with("every=600")
    world.admin().text("schedule add t function=f every=600")
    journal = world.engine.state.journal
    journal.put(b"schedule", b"t", b"no json")
    journal.put(b"schedule-progress", b"s", b"[]")
    world.deliver()
    again = restarted(world)
    assert [row["name"] for row in rows(again.admin(), "schedule list")] == ["s"]
    assert [each.action for each in again.notices()] == ["schedule_lost"] * 2
    assert shown(again)["next"] == pytest.approx(again.wall_time + 600)


def test_a_job_that_the_store_has_no_more_does_not_hold_the_next_up() -> None:
    world = world_with("every=600 overlap=skip")
    world.advance(600)
    number = int(shown(world)["last"]["handle"].rpartition(":")[2])
    assert world.store is not None
    world.engine.state.journal.end_dead(number)
    world.deliver()
    again = restarted(world)
    assert shown(again)["last"]["outcome"] == "lost"
    again.advance(600)
    assert shown(again)["last"]["outcome"] is None
