"""Delayed jobs beyond the window run at their time, wherever they waited."""

from __future__ import annotations

import random

import pytest

from tests.support.dialogue import (
    H1,
    STEADY_START,
    WALL_START,
    World,
    job_assign,
    no_job,
    noop,
)
from tests.support.stored_engine import (
    DAY,
    counts,
    drain,
    grab,
    numbers_in_memory,
    stored,
    submit,
    submit_due,
)

WINDOWS = [1, 2, 10]
COUNT = 15
ORDERS = {
    "in order": list(range(1, COUNT + 1)),
    "backwards": list(range(COUNT, 0, -1)),
    "shuffled": random.Random(4730).sample(range(1, COUNT + 1), COUNT),
}


def submit_minutes(world: World, minutes: list[int]) -> None:
    """Submit a job due after each of these minutes, named after them."""
    client = world.client()
    for minute in minutes:
        submit_due(client, WALL_START + 60 * minute, str(minute))


def each_minute(world: World, first: int = 1) -> list[str]:
    """Return what is done when, minute by minute, by a worker that sleeps."""
    worker = world.sleeper("f")
    done = []
    for minute in range(first, COUNT + 1):
        world.advance(STEADY_START + 60 * minute - 0.001 - world.now)
        assert worker.received == []
        world.advance(0.001)
        assert worker.received == [noop()], minute
        done.append(drain(worker))
        worker.pre_sleep()
    return done


@pytest.mark.parametrize("window", WINDOWS)
def test_delayed_jobs_beyond_the_window_leave_memory(window: int) -> None:
    world = stored(window)
    submit_minutes(world, ORDERS["in order"])
    assert numbers_in_memory(world) == list(range(1, window + 1))
    assert counts(world) == (COUNT, 0)
    assert world.admin().text("prioritystatus") == b"f\t0\t15\t0\t0\n.\n"


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("order", ORDERS)
def test_each_delayed_job_runs_at_its_time(window: int, order: str) -> None:
    world = stored(window)
    submit_minutes(world, ORDERS[order])
    assert each_minute(world) == [str(minute) for minute in range(1, COUNT + 1)]
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("minute", [0, 1, 7, 14])
def test_a_restart_keeps_their_times(window: int, order: str, minute: int) -> None:
    before = stored(window)
    submit_minutes(before, ORDERS[order])
    before.advance(60 * minute)
    world = before.restarted()
    due = " ".join(str(each) for each in range(1, minute + 1))
    assert drain(world.worker("f")) == due
    later = [str(each) for each in range(minute + 1, COUNT + 1)]
    assert each_minute(world, minute + 1) == later


@pytest.mark.parametrize("window", WINDOWS)
def test_delayed_jobs_wait_with_others_for_a_worker(window: int) -> None:
    world = stored(window)
    client = world.client()
    for minute in range(1, 11):
        submit(client, *["now"] * 3)
        submit_due(client, WALL_START + 60 * minute, "later")
    world.advance(DAY)
    assert sorted(drain(world.worker("f")).split()) == ["later"] * 10 + ["now"] * 30


@pytest.mark.parametrize("window", WINDOWS)
def test_jobs_that_are_all_due_at_once_keep_their_order(window: int) -> None:
    world = stored(window)
    client = world.client()
    expected = [f"w{number}" for number in range(30)]
    for workload in expected:
        submit_due(client, WALL_START + 60, workload)
    world.advance(60)
    assert sorted(drain(world.worker("f")).split()) == sorted(expected)


def test_jobs_in_the_store_alone_that_are_due_at_once_keep_their_order() -> None:
    before = stored(3)
    client = before.client()
    expected = [f"w{number}" for number in range(30)]
    for workload in expected:
        submit_due(client, WALL_START + 60, workload)
    world = before.restarted()
    world.advance(60)
    assert drain(world.worker("f")).split() == expected


@pytest.mark.parametrize("window", WINDOWS)
def test_a_delayed_job_comes_in_while_many_others_wait(window: int) -> None:
    world = stored(window)
    client, worker = world.client(), world.worker("f")
    for _ in range(3):
        submit_due(client, WALL_START + 1, "due")
    for _ in range(10 * window):
        submit(client, "now")
    world.advance(1)
    done = [grab(worker)[1] for _ in range(8 * window)]
    assert done.count("due") >= 1
    assert drain(worker).split().count("due") == 3 - done.count("due")


@pytest.mark.parametrize("window", WINDOWS)
def test_a_time_that_has_passed_is_due_at_once(window: int) -> None:
    world = stored(window)
    client = world.client()
    submit(client, *["now"] * 12)
    for _ in range(12):
        submit_due(client, 1.0, "passed")
    assert counts(world) == (24, 0)
    done = drain(world.worker("f")).split()
    assert sorted(done) == ["now"] * 12 + ["passed"] * 12


@pytest.mark.parametrize("passed", [1.0, WALL_START - 5, WALL_START])
@pytest.mark.parametrize("later", [[], [DAY], [DAY, 2 * DAY, 3 * DAY]])
@pytest.mark.parametrize("before", ["asked", "taken"])
def test_a_due_job_that_leaves_while_due_ones_are_read_comes_back(
    passed: float, later: list[float], before: str
) -> None:
    world = stored(1)
    client, worker = world.client(), world.worker("f")
    for seconds in later:
        submit_due(client, WALL_START + seconds, "later")
    submit(client, "r1")
    submit_due(client, WALL_START - 3, "p1")
    world.is_committing = False
    # With the window empty the due jobs are asked for.
    assert grab(worker)[1] == "r1"
    if before == "asked":
        submit(client, "r2")
        submit_due(client, passed, "p2")
        batch = world.take()
    else:
        batch = world.take()
        submit(client, "r2")
        submit_due(client, passed, "p2")
    world.settle(batch)
    world.commit_all()
    assert sorted(drain(worker).split()) == ["p1", "p2", "r2"]
    assert counts(world) == (1 + len(later), 1)


def test_a_delayed_job_that_leaves_while_its_page_is_read_comes_back() -> None:
    world = stored(1)
    client, worker = world.client(), world.sleeper("f")
    for seconds in (10, 20, 30):
        submit_due(client, WALL_START + seconds, f"{seconds}")
    world.advance(20)
    world.is_committing = False
    assert worker.received == [noop()]
    assert grab(worker)[1] == "10"
    batch = world.take()
    submit_due(client, WALL_START + 21, "21")
    submit_due(client, WALL_START + 5, "5")
    world.advance(2)
    world.settle(batch)
    world.commit_all()
    world.advance(1)
    assert sorted(drain(worker).split()) == ["20", "21", "5"]
    world.advance(7)
    assert drain(worker) == "30"


@pytest.mark.parametrize("window", WINDOWS)
def test_a_clock_that_is_set_forward_makes_jobs_due(window: int) -> None:
    world = stored(window)
    submit_minutes(world, ORDERS["shuffled"])
    worker = world.sleeper("f")
    world.engine.set_clock(WALL_START - STEADY_START + 60 * 7)
    world.advance(0)
    assert worker.received == [noop()]
    assert sorted(map(int, drain(worker).split())) == list(range(1, 8))


@pytest.mark.parametrize("window", WINDOWS)
def test_a_clock_that_is_set_back_delays_jobs_and_loses_none(window: int) -> None:
    world = stored(window)
    submit_minutes(world, ORDERS["in order"])
    worker = world.worker("f")
    world.advance(60 * 5)
    assert sorted(map(int, drain(worker).split())) == list(range(1, 6))
    world.engine.set_clock(WALL_START - STEADY_START - 60 * 60)
    client = world.client()
    for minute in range(-40, 5, 3):
        submit_due(client, WALL_START + 60 * minute, "new")
    done: list[str] = []
    for _ in range(100):
        world.advance(60)
        done += drain(worker).split()
    later = [str(minute) for minute in range(6, COUNT + 1)]
    assert sorted(done) == sorted([*later, *["new"] * 15])
    assert counts(world) == (0, 0)


def test_a_clock_that_is_set_back_while_a_page_is_read_loses_none() -> None:
    world = stored(1)
    client, worker = world.client(), world.worker("f")
    submit_minutes(world, [1, 2, 3, 4, 600])
    world.advance(60 * 4)
    world.is_committing = False
    grab(worker)
    batch = world.take()
    world.engine.set_clock(WALL_START - STEADY_START - 60 * 60)
    submit(client, "now")
    submit_due(client, WALL_START - 60, "new")
    world.settle(batch)
    world.commit_all()
    world.advance(60 * 100)
    assert sorted(drain(worker).split()) == ["2", "3", "4", "new", "now"]


@pytest.mark.parametrize("window", WINDOWS)
def test_the_delay_of_a_policy_leads_out_of_memory_and_back(window: int) -> None:
    world = stored(window)
    world.policy(b"f", delay=30)
    submit(world.client(), *[f"w{number}" for number in range(COUNT)])
    assert len(numbers_in_memory(world)) == window
    worker = world.worker("f")
    world.advance(29)
    assert drain(worker) == ""
    world.advance(1)
    assert len(drain(worker).split()) == COUNT


@pytest.mark.parametrize("window", WINDOWS)
def test_jobs_that_wait_long_for_another_attempt_leave_memory(window: int) -> None:
    world = stored(window)
    world.policy(b"f", max_attempts=3, backoff="fixed", backoff_delay=60)
    world.policy(b"f", backoff_jitter=0)
    submit(world.client(), *[f"w{number}" for number in range(COUNT)])
    worker = world.worker("f")
    for attempt in (1, 2):
        tried = 0
        while (job := grab(worker)[0]) != b"":
            worker.work_fail(job)
            tried += 1
        assert (attempt, tried) == (attempt, COUNT)
        assert len(numbers_in_memory(world)) == window
        assert counts(world) == (COUNT, 0)
        world.advance(60)
    assert len(drain(worker).split()) == COUNT


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_restart_keeps_pauses_and_attempts(attempts: int) -> None:
    def tried_three_times(world: World) -> World:
        world.policy(b"f", max_attempts=3, backoff="fixed", backoff_delay=60)
        world.policy(b"f", backoff_jitter=0)
        return world

    before = tried_three_times(stored(1))
    submit(before.client(), "w1", "w2", "w3")
    worker = before.worker("f")
    for _ in range(attempts):
        for _ in range(3):
            worker.work_fail(grab(worker)[0])
        assert grab(worker)[0] == b""
        before.advance(60)
    world = tried_three_times(before.restarted())
    worker = world.worker("f")
    for _ in range(3):
        worker.work_fail(grab(worker)[0])
    assert grab(worker)[0] == b""
    assert counts(world) == ((3, 0) if attempts == 1 else (0, 0))


def test_the_timer_of_the_first_of_many_is_the_deadline() -> None:
    world = stored(1)
    client = world.client()
    submit_due(client, WALL_START + 600, "1")
    assert world.deadline() == world.now + 600
    submit_due(client, WALL_START + 300, "2")
    assert world.deadline() == world.now + 300
    world = world.restarted()
    assert world.deadline() == world.now + 300


def test_a_worker_too_early_is_woken_when_a_delayed_job_has_come_in() -> None:
    before = stored(1)
    submit_due(before.client(), WALL_START + 10, "w")
    world = before.restarted()
    worker = world.worker("f")
    world.is_committing = False
    world.advance(10)
    worker.grab_job()
    worker.pre_sleep()
    assert worker.received == [no_job()]
    world.commit_all()
    worker.grab_job()
    assert worker.received == [noop(), job_assign(H1, b"f", b"w")]


def test_a_delayed_job_that_was_cancelled_does_not_stop_those_after_it() -> None:
    world = stored(1)
    client, worker = world.client(), world.sleeper("f")
    submit_due(client, WALL_START + DAY, "fills the window")
    submit_due(client, WALL_START + 10, "cancelled")
    assert world.admin().text("cancel job H:test:2") == b"OK\r\n"
    world.advance(20)
    submit_due(client, WALL_START + 60, "w3")
    world.advance(40)
    assert worker.received == [noop()]
    assert drain(worker) == "w3"
