"""A job that runs too long goes to another worker."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    error,
    job_assign,
    job_created,
    noop,
    work_complete,
    work_fail,
)

NOT_FOUND = error(b"JOB_NOT_FOUND", b"Job given in work result not found")


def test_a_timeout_gives_the_job_to_another(world: World, client: DialoguePeer) -> None:
    slow = world.connect()
    slow.can_do_timeout(b"f", b"1500")
    client.submit_job(b"f", b"", b"w")
    slow.grab_job()
    other = world.sleeper("f")
    world.advance(1.499)
    assert other.received == []
    world.advance(0.001)
    assert other.received == [noop()]
    other.grab_job()
    slow.work_complete(H1, b"late")
    other.work_complete(H1, b"in time")
    assert slow.received == [job_assign(H1, b"f", b"w"), NOT_FOUND]
    assert client.received == [job_created(H1), work_complete(H1, b"in time")]


def test_a_finished_job_has_no_timeout(world: World, client: DialoguePeer) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", b"1000")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    assert world.deadline() is None
    world.advance(10)
    assert client.received == [job_created(H1), work_complete(H1, b"r")]
    assert world.admin().text("status") == b"f\t0\t0\t1\n.\n"


def test_each_job_has_its_own_timeout(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", b"3000")
    for _ in range(2):
        client.submit_job_bg(b"f", b"", b"w")
        worker.grab_job()
        world.advance(1)
    world.advance(1)
    assert admin.text("show jobs") == b"H:test:1\t1\t0\t1\nH:test:2\t0\t0\t1\n.\n"
    world.advance(1)
    assert admin.text("show jobs") == b"H:test:1\t1\t0\t1\nH:test:2\t1\t0\t1\n.\n"


def test_a_job_without_timeout_leaves_the_others_alone(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.worker("g")
    worker.can_do_timeout(b"f", b"1000")
    for function in (b"f", b"g"):
        client.submit_job_bg(function, b"", b"w")
        worker.grab_job()
    world.advance(5)
    assert admin.text("status") == b"g\t1\t1\t1\nf\t1\t0\t1\n.\n"


def test_progress_does_not_extend_a_timeout(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", b"2000")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    world.advance(1)
    worker.work_status(H1, b"1", b"2")
    worker.work_data(H1, b"d")
    world.advance(1)
    assert admin.text("status") == b"f\t1\t0\t1\n.\n"


def test_sleeping_ends_the_workers_own_timeouts(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", b"1000")
    for _ in range(2):
        client.submit_job(b"f", b"", b"w")
        worker.grab_job()
    worker.pre_sleep()
    assert world.deadline() is None
    world.advance(100)
    worker.work_complete(H1, b"slept")
    worker.work_complete(H2, b"slept")
    assert client.received[2:] == [
        work_complete(H1, b"slept"),
        work_complete(H2, b"slept"),
    ]
    assert admin.text("status") == b"f\t0\t0\t1\n.\n"
    assert world.notices() == []


def test_a_job_assigned_after_sleep_has_a_timeout_again(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", b"1000")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    worker.pre_sleep()
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    world.advance(1)
    assert admin.text("show jobs") == b"H:test:1\t0\t0\t1\nH:test:2\t1\t0\t1\n.\n"


@pytest.mark.parametrize("own", [b"1000", b"3000", b"2000"])
@pytest.mark.parametrize("sleeps", [0.0, 0.5])
def test_a_policys_timeout_holds_whatever_the_worker_sends(
    world: World, client: DialoguePeer, admin: DialoguePeer, own: bytes, sleeps: float
) -> None:
    world.policy(b"f", timeout=2)
    worker = world.connect()
    worker.can_do_timeout(b"f", own)
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    world.advance(sleeps)
    worker.pre_sleep()
    worker.pre_sleep()
    world.advance(1.999 - sleeps)
    assert admin.text("status") == b"f\t1\t1\t1\n.\n"
    world.advance(0.001)
    assert client.received == [job_created(H1), work_fail(H1)]
    (notice,) = world.notices()
    assert notice.text == (
        "H:test:1 of 'f' ran longer than its policy's timeout, 2 s, at 127.0.0.1 (12)"
    )


def test_each_timeout_is_logged(world: World, client: DialoguePeer) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", b"1000")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    world.advance(1)
    worker.grab_job()
    world.advance(1)
    notices = world.notices()
    assert [(each.level, each.action) for each in notices] == [
        ("warning", "job_timed_out")
    ] * 2
    assert notices[0].text == (
        "H:test:1 of 'f' ran longer than its worker's CAN_DO_TIMEOUT, 1 s, "
        "at 127.0.0.1 (11)"
    )


def test_a_workers_timeouts_are_known_for_jobs_that_run_alone(
    world: World, client: DialoguePeer
) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", b"1000")
    for _ in range(3):
        client.submit_job(b"f", b"", b"w")
        worker.grab_job()
    worker.work_complete(H1, b"r")
    worker.work_fail(H2)
    assert len(worker.engine_peer.timed) == 1
    world.advance(1)
    assert not worker.engine_peer.timed
