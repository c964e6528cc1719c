"""A job that is to run later, and the deadlines a driver is told."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    WALL_START,
    DialoguePeer,
    World,
    job_assign,
    job_created,
    no_job,
    noop,
    work_complete,
)


def test_a_job_runs_at_its_time_without_another_packet(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 30), b"w")
    assert client.received == [job_created(H1)]
    assert world.deadline() == world.now + 30
    world.advance(29.999)
    assert worker.received == []
    world.advance(0.001)
    assert worker.received == [noop()]


def test_a_job_runs_at_its_millisecond(world: World, client: DialoguePeer) -> None:
    worker = world.sleeper("f")
    client.submit_job_epoch(b"f", b"", b"%.3f" % (world.wall_time + 0.125), b"w")
    world.advance(0.124)
    assert worker.received == []
    world.advance(0.001)
    assert worker.received == [noop()]


@pytest.mark.parametrize("fraction", [0.1, 0.123457, 0.7, 1 / 3])
def test_a_tick_at_the_deadline_leaves_nothing_due(
    world: World, client: DialoguePeer, fraction: float
) -> None:
    """Clocks are no round numbers; rounding must not have a driver tick in vain."""
    world.engine.set_clock(WALL_START + fraction)
    worker = world.sleeper("f")
    for step in range(20):
        due = WALL_START + world.now + 1 + step * fraction
        client.submit_job_epoch(b"f", b"", b"%.3f" % due, b"w")
    world.advance(30)
    for _ in range(20):
        worker.grab_job()
    assert [answer.name for answer in worker.received] == ["noop"] + ["job_assign"] * 20


def test_jobs_become_ready_in_the_order_of_their_times(
    world: World, client: DialoguePeer
) -> None:
    for seconds in (3, 1, 2):
        client.submit_job_epoch(
            b"f", b"", b"%d" % (world.wall_time + seconds), b"%d" % seconds
        )
    world.advance(5)
    worker = world.worker("f")
    for _ in range(3):
        worker.grab_job()
    assert [answer.arguments[2] for answer in worker.received] == [b"1", b"2", b"3"]


def test_jobs_behind_a_scheduled_one_run(world: World, client: DialoguePeer) -> None:
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 60), b"later")
    client.submit_job_bg(b"f", b"", b"now")
    client.submit_job_low_bg(b"f", b"", b"low")
    worker = world.worker("f")
    for _ in range(3):
        worker.grab_job()
    assert worker.received == [
        job_assign(H2, b"f", b"now"),
        job_assign(H3, b"f", b"low"),
        no_job(),
    ]


def test_a_step_of_the_calendars_clock_moves_what_is_due(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 3600), b"w")
    world.engine.set_clock(WALL_START - 1000.0 + 3595)
    world.advance(4)
    assert worker.received == []
    world.advance(1)
    assert worker.received == [noop()]


def test_a_scheduled_job_can_be_cancelled(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 5), b"w")
    assert admin.text("cancel job H:test:1") == b"OK\r\n"
    assert world.deadline() is None
    worker = world.sleeper("f")
    world.advance(10)
    assert worker.received == []


def test_a_joined_scheduled_job_keeps_its_time(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    client.submit_job_epoch(b"f", b"u", b"%d" % (world.wall_time + 5), b"w")
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [job_created(H1), job_created(H1)]
    world.advance(4)
    assert worker.received == []
    world.advance(1)
    worker.grab_job()
    worker.work_complete(H1, b"r")
    assert client.received == [work_complete(H1, b"r")]


def test_the_next_deadline_is_the_earliest_of_all(
    world: World, client: DialoguePeer
) -> None:
    assert world.deadline() is None
    client.submit_job_epoch(b"g", b"", b"%d" % (world.wall_time + 100), b"w")
    assert world.deadline() == world.now + 100
    worker = world.connect()
    worker.can_do_timeout(b"f", b"50000")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    assert world.deadline() == world.now + 50
    client.submit_job_epoch(b"g", b"", b"%d" % (world.wall_time + 20), b"w")
    assert world.deadline() == world.now + 20
    world.sleeper("h")
    client.submit_job_bg(b"h", b"", b"w")
    assert world.deadline() == world.now + 0.25
    world.advance(1000)
    assert world.deadline() is None


def test_a_tick_too_early_does_nothing(world: World, client: DialoguePeer) -> None:
    worker = world.sleeper("f")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 5), b"w")
    world.engine.tick(world.now + 4)
    world.deliver()
    assert worker.received == []
