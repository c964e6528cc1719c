"""Recurring jobs, their times and steps of the clock."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    STEADY_START,
    WALL_START,
    World,
    error,
)

MINUTE = 60.0
EVERY_MINUTE = (b"*", b"", b"", b"", b"")

OFFSET = WALL_START - STEADY_START


def each_tenth_minute(cron: str, timezone: str, after: float) -> float:
    """Name the minutes 0, 10, … of each hour."""
    return (after // (10 * MINUTE) + 1) * 10 * MINUTE


def stepped(seconds: float, passed: float) -> World:
    """Return a world whose clock was set some time after a schedule began."""
    world = World(each_tenth_minute)
    client = world.client()
    client.submit_job_sched(b"f", b"", *EVERY_MINUTE, b"w")
    world.advance(passed)
    world.engine.set_clock(OFFSET + seconds)
    world.advance(0)
    return world


def next_time(world: World) -> float:
    return float(world.admin().text("show schedules").split()[-2])


def job_count(world: World) -> int:
    return int(world.admin().text("status").split(b"\t")[1])


# Seconds until the first time.
FIRST = each_tenth_minute("", "", WALL_START) - WALL_START


@pytest.mark.parametrize(
    "seconds", [3600.0, -3600.0, 25 * 60.0, -120.0, 50 * 365 * 86400.0, -1.7e9]
)
def test_the_next_time_is_found_anew_after_a_step(seconds: float) -> None:
    world = stepped(seconds, 1.0)
    now = world.wall_time + seconds
    assert 0 < next_time(world) - now <= 10 * MINUTE
    # What the step went over is left out.
    assert job_count(world) == 0
    world.advance(10 * MINUTE)
    assert job_count(world) == 1


@pytest.mark.parametrize("seconds", [20.0, -20.0, 60.0, -60.0])
@pytest.mark.parametrize("passed", [FIRST - 10, FIRST + 10])
def test_a_correction_of_the_clock_leaves_no_time_out_and_has_none_come_twice(
    seconds: float, passed: float
) -> None:
    world = stepped(seconds, passed)
    world.advance(FIRST + 10 * MINUTE + 70 - passed)
    assert job_count(world) == 2


def test_many_small_steps_are_noticed_in_the_end() -> None:
    world = stepped(0.0, 1.0)
    for number in range(1, 60):
        world.engine.set_clock(OFFSET - 59.0 * number)
        world.advance(1)
    now = world.wall_time - 59.0 * 59
    assert 0 < next_time(world) - now <= 11 * MINUTE


def test_a_step_finds_the_times_of_many_schedules_a_few_each_turn() -> None:
    asked: list[float] = []

    def counting(cron: str, timezone: str, after: float) -> float:
        asked.append(after)
        return each_tenth_minute(cron, timezone, after)

    world = World(counting)
    client = world.client()
    for number in range(1000):
        client.submit_job_sched(b"f", b"%d" % number, *EVERY_MINUTE, b"w")
    asked.clear()
    world.engine.set_clock(OFFSET - 3600)
    turns = 0
    while (deadline := world.engine.deadline()) is not None and deadline <= world.now:
        world.engine.tick(world.now)
        assert len(asked) <= 100 * (turns + 1)
        turns += 1
    assert len(asked) == 1000


def test_a_step_that_went_over_many_schedules_submits_nothing() -> None:
    world = World(each_tenth_minute)
    client = world.client()
    for number in range(1000):
        client.submit_job_sched(b"f", b"%d" % number, *EVERY_MINUTE, b"w")
    world.engine.set_clock(OFFSET + 3600)
    while (deadline := world.engine.deadline()) is not None and deadline <= world.now:
        world.engine.tick(world.now)
    assert world.admin().text("status") == b"f\t0\t0\t0\n.\n"


# Calendars that fail


@pytest.mark.parametrize(
    "outcome",
    [ValueError("no more"), OverflowError("too large"), KeyError("zone"), OSError(5)],
)
def test_a_calendar_that_fails_stops_neither_others_nor_the_server(
    outcome: Exception,
) -> None:
    is_failing = False

    def failing(cron: str, timezone: str, after: float) -> float:
        if is_failing and cron.startswith("1 "):
            raise outcome
        return after + MINUTE

    world = World(failing)
    client = world.client()
    client.submit_job_sched(b"f", b"a", b"1", b"", b"", b"", b"", b"w")
    client.submit_job_sched(b"g", b"b", b"2", b"", b"", b"", b"", b"w")
    is_failing = True
    world.advance(10 * MINUTE)
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("warning", "schedule_lost")
    assert notice.text.startswith("H:test:1 of 'f' cannot be run")
    # The time that was known has run, and the others'.
    assert world.admin().text("status") == b"f\t1\t0\t0\ng\t1\t0\t0\n.\n"
    worker = world.worker("f", "g")
    for _ in range(2):
        worker.grab_job()
        worker.work_complete(worker.received[-1].arguments[0], b"")
    is_failing = False
    world.advance(3600)
    worker.grab_job()
    worker.grab_job()
    assert {each.arguments[1] for each in worker.received} == {b"f", b"g"}


@pytest.mark.parametrize("due", [0.0, -5.0, WALL_START, float("nan"), float("inf")])
def test_a_calendar_that_names_the_past_does_not_spin(due: float) -> None:
    asked = 0

    def odd(cron: str, timezone: str, after: float) -> float:
        nonlocal asked
        asked += 1
        return after + MINUTE if asked == 1 else due

    world = World(odd)
    client = world.client()
    client.submit_job_sched(b"f", b"a", *EVERY_MINUTE, b"w")
    world.advance(50 * MINUTE)
    assert asked == 2
    assert [each.action for each in world.notices()] == ["schedule_lost"]
    assert next_time(world) > world.wall_time


@pytest.mark.parametrize("outcome", [OverflowError("too large"), OSError(5)])
def test_a_schedule_whose_calendar_fails_is_refused(outcome: Exception) -> None:
    def failing(cron: str, timezone: str, after: float) -> float:
        raise outcome

    client = World(failing).client()
    client.submit_job_sched(b"f", b"a", *EVERY_MINUTE, b"w")
    (answer,) = client.received
    assert answer == error(b"INVALID_ARGUMENT", str(outcome).encode())
