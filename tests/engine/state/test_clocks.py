"""Waits count a steady clock, dates follow the calendar's, whatever is done to it."""

from __future__ import annotations

import pytest

from geartrain.engine.engine import Engine
from geartrain.engine.model.options import EngineOptions
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import (
    H1,
    STEADY_START,
    WALL_START,
    DialoguePeer,
    World,
    error,
    job_created,
    noop,
    work_fail,
)
from tests.support.stored_engine import (
    DAY,
    counts,
    drain,
    grab,
    handle,
    listed,
    stored,
    submit,
    submit_due,
)

HOUR = 3600.0
STEPS = [HOUR, -HOUR, 50 * 365 * DAY, -50 * 365 * DAY]
OFFSET = WALL_START - STEADY_START


def step(world: World, seconds: float) -> None:
    """Set the system's clock forward, or back."""
    world.engine.set_clock(OFFSET + seconds)
    world.advance(0)
    world.deliver()


def revived(world: World, *, calendar: float, down: float = 0.0) -> World:
    """Return the next life on a world's store; the system's clock is then so far off.

    The job server is down for ``down`` seconds, and its machine was started again.
    """
    assert isinstance(world.store, MemoryStore)
    world.store.close()
    other = World(now=7.0)
    other.store = world.store
    wall_time = WALL_START + (world.now - STEADY_START) + down + calendar
    window = world.engine.state.options.window
    other.engine = Engine(EngineOptions(handle_prefix=b"H:test", window=window))
    other.engine.set_clock(wall_time - other.now)
    other.engine.resume(world.store.open(), other.now, keeps_jobs=True, holds=True)
    other.deliver()
    other.advance(0)
    return other


def delay(client: DialoguePeer, seconds: float, workload: str = "w") -> None:
    """Submit a job with a delay, from a client whose clock shows 1970."""
    client.submit_job_epoch(b"f", b"", b"5.000+%.3f" % seconds, workload.encode())


# Delays


@pytest.mark.parametrize("window", [1, 10])
@pytest.mark.parametrize("seconds", STEPS)
def test_no_step_moves_a_delay(window: int, seconds: float) -> None:
    world = stored(window)
    client = world.client()
    for number in (3, 1, 2):
        delay(client, 10.0 * number, str(number))
    step(world, seconds)
    worker = world.worker("f")
    for number in (1, 2, 3):
        world.advance(9.999)
        assert drain(worker) == ""
        world.advance(0.001)
        assert drain(worker) == str(number)


@pytest.mark.parametrize("seconds", STEPS)
def test_no_step_moves_a_pause_or_a_time_to_live(seconds: float) -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=60, backoff_jitter=0, ttl=90)
    submit(world.client(), "fails", "expires")
    worker = world.worker("f")
    worker.work_fail(grab(worker)[0])
    step(world, seconds)
    world.advance(59.999)
    assert [row["state"] for row in listed(world.admin())] == [
        "scheduled",
        "ready",
    ]
    world.advance(0.001)
    assert counts(world) == (2, 0)
    world.advance(30)
    assert [row["handle"] for row in listed(world.admin())] == ["H:test:1"]
    world.advance(60)
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("seconds", STEPS)
def test_the_delay_of_a_policy_is_no_date(seconds: float) -> None:
    world = stored()
    world.policy(b"f", delay=30)
    submit(world.client(), "w")
    worker = world.sleeper("f")
    step(world, seconds)
    world.advance(29.999)
    assert worker.received == []
    world.advance(0.001)
    assert worker.received == [noop()]


@pytest.mark.parametrize(
    ("epoch", "delayed", "expected"),
    [
        (b"%d" % (WALL_START + 50), 30, 50),
        (b"%d" % (WALL_START + 10), 30, 30),
        (b"0+50", 30, 50),
        (b"0+10", 30, 30),
    ],
)
def test_of_a_jobs_own_time_and_its_policys_delay_the_later_counts(
    epoch: bytes, delayed: float, expected: float
) -> None:
    world = stored()
    world.policy(b"f", delay=delayed)
    client, worker = world.client(), world.sleeper("f")
    client.submit_job_epoch(b"f", b"", epoch, b"w")
    world.advance(expected - 0.001)
    assert worker.received == []
    world.advance(0.001)
    assert worker.received == [noop()]


@pytest.mark.parametrize(
    "epoch", [b"5+1.25", b"-5+1.25", b"1767225600.250+1.250", b"0+1.25"]
)
def test_a_delay_counts_from_when_the_job_server_has_it(epoch: bytes) -> None:
    world = stored()
    client, worker = world.client(), world.sleeper("f")
    client.submit_job_epoch(b"f", b"", epoch, b"w")
    assert client.received == [job_created(H1)]
    world.advance(1.249)
    assert worker.received == []
    world.advance(0.001)
    assert worker.received == [noop()]


def test_a_delay_of_nothing_is_none() -> None:
    world = stored()
    client, worker = world.client(), world.sleeper("f")
    client.submit_job_epoch(b"f", b"", b"99999999999+0", b"w")
    assert worker.received == [noop()]


@pytest.mark.parametrize(
    "epoch",
    [b"+5", b"5+", b"5+-5", b"5++5", b"5+5+5", b"5+1e3", b"5 + 5", b"5+253402300800"],
)
def test_a_delay_that_is_none_is_refused(epoch: bytes) -> None:
    world = stored()
    client = world.client()
    client.submit_job_epoch(b"f", b"", epoch, b"w")
    assert client.received == [
        error(
            b"INVALID_ARGUMENT",
            b"The epoch is a number of seconds since 1970, up to the year 9999",
        )
    ]


# Restarts


@pytest.mark.parametrize("window", [1, 10])
@pytest.mark.parametrize("seconds", [0.0, *STEPS])
def test_a_step_before_a_restart_moves_no_delay(window: int, seconds: float) -> None:
    before = stored(window)
    client = before.client()
    for number in (1, 2, 3):
        delay(client, 100.0 * number, str(number))
    before.advance(10)
    step(before, seconds)
    world = revived(before, calendar=seconds, down=20)
    worker = world.worker("f")
    world.advance(69.9)
    assert drain(worker) == ""
    world.advance(0.2)
    assert drain(worker) == "1"
    world.advance(100)
    assert drain(worker) == "2"


def test_a_time_to_live_goes_on_after_a_restart() -> None:
    before = stored()
    submit(before.client(), "w")
    before.advance(10)
    step(before, HOUR)
    world = revived(before, calendar=HOUR, down=20)
    world.policy(b"f", ttl=60)
    world.advance(29.9)
    assert counts(world) == (1, 0)
    world.advance(0.2)
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("back", [HOUR, 56 * 365 * DAY])
def test_a_clock_that_is_behind_at_a_start_does_not_turn_back_time(back: float) -> None:
    before = stored()
    delay(before.client(), 100)
    before.advance(40)
    # A commit tells the store what time it is.
    submit(before.client(), "now")
    world = revived(before, calendar=-back, down=5)
    (_, scheduled) = sorted(listed(world.admin()), key=lambda row: row["state"])
    assert scheduled["handle"] == "H:test:1"
    # The network tells what time it is.
    world.engine.set_clock(OFFSET)
    worker = world.worker("f")
    assert grab(worker)[1] == "now"
    world.advance(59.9)
    assert grab(worker)[1] == ""
    world.advance(0.2)
    assert grab(worker)[1] == "w"


def test_a_clock_that_is_years_ahead_at_a_start_ends_no_wait() -> None:
    before = stored()
    before.policy(b"f", ttl=60)
    submit(before.client(), "w")
    world = revived(before, calendar=3 * 365 * DAY)
    assert [each.action for each in world.notices()] == ["clock_doubted"]
    world.policy(b"f", ttl=60)
    world.advance(59)
    assert counts(world) == (1, 0)


def test_an_orderly_stop_tells_the_store_what_time_it_is() -> None:
    world = stored()
    world.advance(1000)
    world.engine.keep_clock(world.now)
    world.deliver()
    assert world.store is not None
    world.store.close()
    inventory = world.store.open()
    assert inventory.steady == inventory.calendar == WALL_START + 1000


def test_a_store_is_not_written_only_to_tell_it_what_time_it_is() -> None:
    world = stored()
    world.advance(DAY)
    assert world.engine.take_batch() is None
    world.engine.set_clock(OFFSET + 0.5)
    assert world.engine.take_batch() is None


# What is shown


def test_ages_are_right_after_a_step() -> None:
    world = stored()
    world.policy(b"f", max_attempts=1, dead_letter=True)
    submit(world.client(), "dies", "runs", "waits")
    delay(world.client(), 500)
    worker = world.worker("f")
    worker.work_fail(grab(worker)[0])
    grab(worker)
    world.advance(100)
    step(world, HOUR)
    now = WALL_START + 100 + HOUR
    dead, *others = [*listed(world.admin(), "dead list"), *listed(world.admin())]
    assert dead["died"] == now - 100
    assert all(row["submitted"] == now - 100 for row in [dead, *others])
    running, _, scheduled = others
    assert running["started"] == now - 100
    assert scheduled["due"] == now + 400


# Dates


@pytest.mark.parametrize("window", [1, 10, 5000])
def test_dates_that_a_step_went_over_do_not_freeze_the_job_server(window: int) -> None:
    world = stored(window)
    client = world.client()
    for _ in range(2500):
        submit_due(client, WALL_START + 1800, "w")
    world.engine.set_clock(OFFSET + HOUR)
    turns = 0
    deadline = world.engine.deadline()
    while deadline is not None and deadline <= world.now:
        before = sum(
            len(each.scheduled) for each in world.engine.state.functions.values()
        )
        world.engine.tick(world.now)
        after = sum(
            len(each.scheduled) for each in world.engine.state.functions.values()
        )
        assert before - after <= 1000
        world.deliver()
        turns += 1
        deadline = world.engine.deadline()
    assert turns < 10
    assert len(drain(world.worker("f")).split()) == 2500


def test_a_date_that_has_come_does_not_go_when_the_clock_is_set_back() -> None:
    world = stored()
    world.policy(b"f", ttl=100)
    submit_due(world.client(), WALL_START + 10, "w")
    world.advance(10)
    step(world, -HOUR)
    assert [row["state"] for row in listed(world.admin())] == ["ready"]
    world.advance(99.9)
    assert counts(world) == (1, 0)
    world.advance(0.2)
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("epoch", [b"-5", b"0", b"1", b"0.000000001"])
@pytest.mark.parametrize("window", [1, 10])
def test_a_date_before_the_calendar_begins_has_passed(
    epoch: bytes, window: int
) -> None:
    world = stored(window)
    client = world.client()
    for _ in range(5):
        client.submit_job_epoch(b"f", b"", epoch, b"w")
    assert drain(world.worker("f")).split() == ["w"] * 5


# Readings


def test_readings_that_differ_by_little_are_one() -> None:
    world = stored()
    submit(world.client(), "w")
    for jitter in (0.00005, -0.00005, 0.00009):
        world.engine.set_clock(OFFSET + jitter)
    (row,) = listed(world.admin())
    assert row["submitted"] == WALL_START
    assert world.notices() == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(90.0, "forward by 90.0 s"), (-90.0, "back by 90.0 s")]
)
def test_a_step_is_told(seconds: float, text: str) -> None:
    world = stored()
    world.engine.set_clock(OFFSET + seconds)
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("info", "clock_stepped")
    assert text in notice.text


def test_time_that_the_machine_sleeps_counts_for_delays_and_not_for_attempts() -> None:
    world = stored()
    world.policy(b"f", ttl=HOUR, timeout=60)
    client, worker = world.client(), world.worker("f")
    submit(client, "runs", "expires")
    grab(worker)
    delay(client, HOUR + 30)
    world.engine.set_clock(OFFSET + HOUR, HOUR)
    assert world.notices() == []
    world.advance(0)
    # Its worker may have slept as well.
    assert counts(world) == (2, 1)
    world.advance(29.9)
    assert grab(worker)[1] == ""
    world.advance(0.2)
    assert grab(worker)[1] == "w"


def test_a_client_that_waits_is_told_when_its_job_expires_after_a_step() -> None:
    world = stored()
    world.policy(b"f", ttl=10)
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    step(world, -HOUR)
    world.advance(10)
    assert client.received == [job_created(H1), work_fail(H1)]
    assert handle(1) == H1
