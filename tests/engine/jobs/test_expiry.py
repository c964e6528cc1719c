"""Jobs that wait too long, or that wait on purpose, by policy."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    WALL_START,
    DialoguePeer,
    World,
    job_assign,
    job_created,
    noop,
    work_fail,
)
from tests.support.stored_engine import (
    DAY,
    counted,
    counts,
    drain,
    grab,
    rows,
    stored,
    submit,
    submit_due,
)


@pytest.mark.parametrize("background", [False, True])
def test_a_job_that_waited_too_long_is_dropped(background: bool) -> None:
    world = stored()
    world.policy(b"f", ttl=10)
    client = world.client()
    (client.submit_job_bg if background else client.submit_job)(b"f", b"u", b"w")
    world.advance(9.999)
    assert counts(world) == (1, 0)
    world.advance(0.001)
    assert counts(world) == (0, 0)
    told = [job_created(H1)] if background else [job_created(H1), work_fail(H1)]
    assert client.received == told
    assert rows(world.admin(), "dead list") == []
    assert counted(world) == {"submitted": 1, "expired": 1}
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("info", "jobs_expired")


def test_a_job_that_waited_too_long_is_not_assigned() -> None:
    world = stored()
    world.policy(b"f", ttl=10)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"late")
    submit(client, "late", "late")
    world.now += 5
    submit(client, "in time")
    # The timer has not rung yet.
    world.now += 5
    worker.grab_job()
    assert worker.received == [job_assign(b"H:test:4", b"f", b"in time")]
    assert client.received[-1] == work_fail(H1)
    assert counted(world)["expired"] == 3


def test_a_running_job_does_not_expire() -> None:
    world = stored()
    world.policy(b"f", ttl=10)
    submit(world.client(), "w")
    worker = world.worker("f")
    grab(worker)
    world.advance(DAY)
    assert counts(world) == (1, 1)


@pytest.mark.parametrize("window", [1, 10])
def test_a_delayed_job_begins_to_wait_when_it_is_due(window: int) -> None:
    world = stored(window)
    world.policy(b"f", ttl=10)
    client = world.client()
    for _ in range(3):
        submit_due(client, WALL_START + 60, "w")
    world.advance(69)
    assert counts(world) == (3, 0)
    world.advance(1.5)
    assert counts(world) == (0, 0)
    assert counted(world)["expired"] == 3


@pytest.mark.parametrize("window", [1, 10])
def test_a_job_waits_anew_after_each_attempt(window: int) -> None:
    world = stored(window)
    world.policy(b"f", ttl=10, max_attempts=3, backoff_delay=60, backoff_jitter=0)
    submit(world.client(), "w1", "w2", "w3")
    worker = world.worker("f")
    world.advance(9)
    for _ in range(3):
        worker.work_fail(grab(worker)[0])
    world.advance(69)
    assert counts(world) == (3, 0)
    world.advance(1.5)
    assert counted(world)["expired"] == 3


def test_a_time_to_live_set_meanwhile_counts_for_those_that_wait() -> None:
    world = stored()
    client = world.client()
    submit(client, "w1")
    world.advance(30)
    submit(client, "w2")
    world.policy(b"f", ttl=10)
    world.advance(0)
    assert counts(world) == (1, 0)
    world.policy(b"f", ttl=0)
    world.advance(DAY)
    assert counts(world) == (1, 0)


def test_many_that_expire_at_once_are_all_dropped() -> None:
    world = World()
    world.policy(b"f", ttl=10)
    submit(world.client(), *["w"] * 12_000)
    world.advance(10)
    assert counts(world)[0] >= 12_000 - 5000
    world.advance(1)
    assert counts(world) == (0, 0)
    assert counted(world)["expired"] == 12_000


@pytest.mark.parametrize("background", [False, True])
def test_a_policy_delays_every_submission(background: bool) -> None:
    world = stored()
    world.policy(b"f", delay=30)
    client, worker = world.client(), world.sleeper("f")
    (client.submit_job_bg if background else client.submit_job)(b"f", b"", b"w")
    submit_due(client, WALL_START + 10, "sooner")
    submit_due(client, WALL_START + 60, "later")
    world.advance(29.999)
    assert worker.received == []
    world.advance(0.001)
    assert drain_after_noop(worker) == "w sooner"
    world.advance(29.999)
    assert worker.received == []
    world.advance(0.001)
    assert drain_after_noop(worker) == "later"


def drain_after_noop(worker: DialoguePeer) -> str:
    assert worker.received == [noop()]
    done = drain(worker)
    worker.pre_sleep()
    return done
