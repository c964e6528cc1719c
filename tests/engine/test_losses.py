"""A worker that vanishes, and how often a job may be lost."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    DialoguePeer,
    World,
    job_assign,
    job_created,
    noop,
    status_res,
    work_complete,
    work_fail,
    work_status,
)


def lose_once(world: World) -> bool:
    """Grab a job and vanish; return whether there was one."""
    worker = world.worker("f")
    worker.grab_job()
    (answer,) = worker.received
    worker.leave()
    return answer.name == "job_assign"


def test_a_vanished_workers_job_goes_to_another(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job(b"f", b"", b"w")
    assert lose_once(world)
    other = world.worker("f")
    other.grab_job()
    other.work_complete(H1, b"result")
    assert other.received == [job_assign(H1, b"f", b"w")]
    assert client.received == [job_created(H1), work_complete(H1, b"result")]


def test_a_sleeping_worker_is_woken_for_a_lost_job(
    world: World, client: DialoguePeer
) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    sleeper = world.sleeper("f")
    assert sleeper.received == []
    worker.leave()
    assert sleeper.received == [noop()]


def test_a_lost_job_waits_behind_its_equals(world: World, client: DialoguePeer) -> None:
    for workload in (b"1", b"2", b"3"):
        client.submit_job(b"f", b"", workload)
    assert lose_once(world)
    worker = world.worker("f")
    for _ in range(3):
        worker.grab_job()
    assert worker.received == [
        job_assign(H2, b"f", b"2"),
        job_assign(H3, b"f", b"3"),
        job_assign(H1, b"f", b"1"),
    ]


def test_several_lost_jobs_return_newest_first(
    world: World, client: DialoguePeer
) -> None:
    worker = world.worker("f")
    for workload in (b"1", b"2", b"3"):
        client.submit_job(b"f", b"", workload)
        worker.grab_job()
    worker.leave()
    other = world.worker("f")
    for _ in range(3):
        other.grab_job()
    assert [answer.arguments[2] for answer in other.received] == [b"3", b"2", b"1"]


def test_a_lost_job_keeps_its_priority(world: World, client: DialoguePeer) -> None:
    client.submit_job_high(b"f", b"", b"urgent")
    client.submit_job(b"f", b"", b"plain")
    assert lose_once(world)
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"urgent")]


def test_a_lost_job_has_made_no_progress(world: World, client: DialoguePeer) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.work_status(H1, b"5", b"10")
    worker.leave()
    client.get_status(H1)
    assert client.received == [
        job_created(H1),
        work_status(H1, b"5", b"10"),
        status_res(H1, b"1", b"0", b"0", b"0"),
    ]


def test_clients_are_not_told_of_a_loss(world: World, client: DialoguePeer) -> None:
    client.submit_job(b"f", b"", b"w")
    assert lose_once(world)
    assert client.received == [job_created(H1)]


def test_losses_are_shown(world: World, admin: DialoguePeer) -> None:
    world.client().submit_job_bg(b"f", b"", b"w")
    assert lose_once(world)
    assert lose_once(world)
    assert admin.text("show jobs") == b"H:test:1\t2\t0\t1\n.\n"


@pytest.mark.parametrize("losses", [1, 2, 3])
@pytest.mark.parametrize("background", [False, True])
def test_a_job_fails_at_the_limit_of_losses(losses: int, background: bool) -> None:
    world = World(max_crashes=losses)
    client = world.client()
    if background:
        client.submit_job_bg(b"f", b"u", b"w")
    else:
        client.submit_job(b"f", b"u", b"w")
    for _ in range(losses):
        assert client.received in ([job_created(H1)], [])
        assert lose_once(world)
    assert client.received[-1:] == ([] if background else [work_fail(H1)])
    assert not lose_once(world)
    assert client.text("status") == b"f\t0\t0\t0\n.\n"
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("warning", "job_failed")
    assert notice.text == f"H:test:1 of 'f' lost its worker {losses} times: failed"


def test_without_a_limit_a_job_is_lost_for_ever(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job(b"f", b"", b"w")
    for _ in range(300):
        assert lose_once(world)
    assert client.received == [job_created(H1)]
    assert world.notices() == []


def test_every_client_is_told_that_a_job_failed_at_the_limit() -> None:
    world = World(max_crashes=1)
    one, two = world.client(), world.client()
    one.submit_job(b"f", b"u", b"w")
    two.submit_job(b"f", b"u", b"w")
    assert lose_once(world)
    assert one.received == two.received == [job_created(H1), work_fail(H1)]


def test_a_limit_counts_timeouts_and_withdrawn_abilities() -> None:
    world = World(max_crashes=3)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.cant_do(b"f")
    worker.can_do_timeout(b"f", b"2000")
    worker.grab_job()
    world.advance(2)
    assert client.received == [job_created(H1)]
    worker.grab_job()
    worker.reset_abilities()
    assert client.received == [work_fail(H1)]


def test_several_jobs_lost_at_once_may_all_fail() -> None:
    world = World(max_crashes=1)
    client, worker = world.client(), world.worker("f")
    for _ in range(3):
        client.submit_job(b"f", b"", b"w")
        worker.grab_job()
    worker.leave()
    assert client.received[3:] == [work_fail(H3), work_fail(H2), work_fail(H1)]
