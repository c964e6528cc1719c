"""Jobs that wait too long, or that wait on purpose, by policy."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    H4,
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


# Jobs with a time to live of their own


def limited(client: DialoguePeer, ttl: str, workload: str) -> None:
    """Submit a background job that may wait so long."""
    client.option_req(b"options\0ttl=" + ttl.encode())
    client.submit_job_bg(b"f", b"", workload.encode())


def test_each_job_expires_by_its_own_time_to_live() -> None:
    world = stored()
    client = world.client()
    for ttl in ("30", "10", "20", "0"):
        limited(client, ttl, ttl)
    submit(client, "none")
    for left in (4, 3, 2):
        world.advance(9.999)
        assert counts(world) == (left + 1, 0)
        world.advance(0.001)
        assert counts(world) == (left, 0)
    world.advance(DAY)
    assert drain(world.worker("f")) == "0 none"
    (first, *_) = world.notices()
    assert (first.action, first.handle) == ("jobs_expired", b"H:test:2")
    assert "its time to live of 10 seconds was over" in first.text


def test_who_waits_is_told_the_own_time_to_live() -> None:
    world = World()
    client = world.client()
    client.option_req(b"reasons")
    client.option_req(b"options\0ttl=5")
    client.submit_job(b"f", b"", b"w")
    world.advance(5)
    assert client.received[-1].arguments == (H1, b"waited longer than 5 s")


def test_jobs_that_live_longer_hold_up_none_that_live_as_the_policy_says() -> None:
    world = stored()
    world.policy(b"f", ttl=10)
    client = world.client()
    limited(client, "1h", "long")
    limited(client, "0", "ever")
    submit(client, "a", "b")
    limited(client, "5", "short")
    submit(client, "c")
    world.advance(5)
    assert counts(world) == (5, 0)
    world.advance(5)
    assert counts(world) == (2, 0)
    assert drain(world.worker("f")) == "long ever"


def test_a_policy_that_changes_holds_for_those_behind_others_too() -> None:
    world = stored()
    client = world.client()
    limited(client, "1h", "long")
    submit(client, "a")
    limited(client, "1h", "longer")
    submit(client, "b")
    world.policy(b"f", ttl=10)
    world.advance(10)
    assert drain(world.worker("f")) == "long longer"


def test_one_that_waited_too_long_is_not_assigned() -> None:
    world = stored()
    client, worker = world.client(), world.worker("f")
    limited(client, "5", "late")
    submit(client, "in time")
    # The timer has not rung yet.
    world.now += 5
    assert drain(worker) == "in time"
    assert counted(world)["expired"] == 1


def test_a_job_that_runs_or_is_gone_does_not_expire() -> None:
    world = stored()
    client, worker = world.client(), world.worker("f")
    limited(client, "5", "w")
    grab(worker)
    world.advance(60)
    assert counts(world) == (1, 1)
    worker.leave()
    # It waits again, from when its worker was lost.
    world.advance(4.999)
    assert counts(world) == (1, 0)
    world.advance(0.001)
    assert counts(world) == (0, 0)
    assert world.deadline() is None


def test_a_delayed_one_begins_to_wait_when_it_is_due() -> None:
    world = stored()
    client = world.client()
    client.option_req(b"options\0ttl=5&delay=1m")
    client.submit_job_bg(b"f", b"", b"w")
    world.advance(64.999)
    assert counts(world) == (1, 0)
    world.advance(0.001)
    assert counts(world) == (0, 0)


def test_one_in_the_store_expires_when_its_turn_comes() -> None:
    world = stored(window=4)
    client = world.client()
    submit(client, *"abcdefgh")
    limited(client, "5", "late")
    limited(client, "1h", "in time")
    world.advance(60)
    assert drain(world.worker("f")) == "a b c d e f g h in time"
    assert counted(world)["expired"] == 1


def test_it_holds_after_a_restart() -> None:
    world = stored()
    limited(world.client(), "5", "w")
    world = world.restarted()
    world.advance(5)
    assert counts(world) == (0, 0)


def test_what_a_flow_key_holds_expires_as_its_policy_says() -> None:
    world = World()
    world.policy(b"f", key_concurrency=1, ttl=10.0, options_in_names=True)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f?key=a", b"", b"runs")
    worker.grab_job()
    client.submit_job(b"f?key=a", b"", b"held")
    client.submit_job(b"f?key=a&ttl=20s", b"", b"held longer")
    world.advance(9)
    client.submit_job(b"f?key=a", b"", b"later")
    client.received.clear()
    world.advance(1)
    assert client.received == [work_fail(H2)]
    world.advance(9)
    assert client.received == [work_fail(H4)]
    world.advance(1)
    assert client.received == [work_fail(H3)]
    assert list(world.engine.state.jobs) == [H1]


def test_a_changed_time_to_live_holds_for_what_is_held() -> None:
    world = World()
    world.policy(b"f", key_concurrency=1, options_in_names=True)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f?key=a", b"", b"runs")
    worker.grab_job()
    client.submit_job(b"f?key=a", b"", b"held")
    world.advance(100)
    client.received.clear()
    world.policy(b"f", ttl=101.0)
    world.advance(0)
    assert client.received == []
    world.advance(1)
    assert client.received == [work_fail(H2)]
