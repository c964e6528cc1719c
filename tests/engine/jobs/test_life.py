"""The life of a job: what may follow what, and whose client vanishes."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    job_assign,
    job_created,
    no_job,
    noop,
    work_complete,
)


def test_a_vanished_clients_waiting_job_is_dropped(world: World) -> None:
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    client.submit_job_epoch(b"f", b"", b"", b"background")
    client.leave()
    worker = world.worker("f")
    worker.grab_job()
    worker.grab_job()
    assert worker.received == [job_assign(H2, b"f", b"background"), no_job()]


def test_a_vanished_clients_running_job_may_finish(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    client.leave()
    worker.work_data(H1, b"part")
    worker.work_complete(H1, b"result")
    assert worker.received == [job_assign(H1, b"f", b"w")]
    assert world.admin().text("status") == b"f\t0\t0\t1\n.\n"


@pytest.mark.parametrize("how", ["leave", "cant_do", "reset", "timeout"])
def test_a_vanished_clients_running_job_is_dropped_with_its_worker(
    world: World, admin: DialoguePeer, how: str
) -> None:
    client, worker = world.client(), world.connect()
    worker.can_do_timeout(b"f", b"1000")
    for number in range(2):
        client.submit_job(b"f", b"", b"w%d" % number)
        worker.grab_job()
    client.leave()
    if how == "leave":
        worker.leave()
    elif how == "cant_do":
        worker.cant_do(b"f")
    elif how == "reset":
        worker.reset_abilities()
    else:
        world.advance(1)
    assert admin.text("show jobs") == b".\n"
    other = world.worker("f")
    other.grab_job()
    assert other.received == [no_job()]


def test_a_vanished_clients_scheduled_job_stays(world: World) -> None:
    client = world.client()
    client.submit_job_epoch(b"f", b"u", b"%d" % (world.wall_time + 5), b"w")
    client.submit_job(b"f", b"u", b"w")
    client.leave()
    worker = world.sleeper("f")
    world.advance(5)
    worker.grab_job()
    assert worker.received == [noop(), job_assign(H1, b"f", b"w")]


def test_a_peer_that_works_for_itself_may_vanish(
    world: World, admin: DialoguePeer
) -> None:
    both = world.worker("f")
    for _ in range(2):
        both.submit_job(b"f", b"", b"w")
    both.grab_job()
    both.leave()
    assert admin.text("status") == b"f\t0\t0\t0\n.\n"
    assert admin.text("show jobs") == b".\n"


def test_other_clients_of_a_shared_job_stay(world: World) -> None:
    one, two, worker = world.client(), world.client(), world.worker("f")
    for client in (one, two, one):
        client.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    one.leave()
    worker.work_complete(H1, b"r")
    assert two.received == [job_created(H1), work_complete(H1, b"r")]
