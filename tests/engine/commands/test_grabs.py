"""Grabs: a job is given once, as its worker asked for it."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    Answer,
    DialoguePeer,
    World,
    job_assign,
    job_assign_uniq,
    job_created,
    no_job,
    work_complete,
)


@pytest.mark.parametrize("grab", ["grab_job", "grab_job_uniq", "grab_job_all"])
def test_without_a_job_there_is_no_job(world: World, grab: str) -> None:
    for worker in (world.worker(), world.worker("f")):
        getattr(worker, grab)()
        assert worker.received == [no_job()]


@pytest.mark.parametrize(
    ("grab", "answer"),
    [
        ("grab_job", job_assign(H1, b"f", b"\0w\0")),
        ("grab_job_uniq", job_assign_uniq(H1, b"f", b"u", b"\0w\0")),
        ("grab_job_all", job_assign_uniq(H1, b"f", b"u", b"\0w\0")),
    ],
)
def test_each_grab_has_its_assignment(
    client: DialoguePeer, worker: DialoguePeer, grab: str, answer: Answer
) -> None:
    client.submit_job(b"f", b"u", b"\0w\0")
    getattr(worker, grab)()
    assert worker.received == [answer]


def test_a_job_is_given_once(world: World, client: DialoguePeer) -> None:
    one, two = world.worker("f"), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    one.grab_job()
    two.grab_job()
    assert (one.received, two.received) == ([job_assign(H1, b"f", b"w")], [no_job()])


def test_a_worker_may_hold_several_jobs_and_end_them_in_any_order(
    world: World, worker: DialoguePeer
) -> None:
    clients = [world.client() for _ in range(3)]
    for client in clients:
        client.submit_job(b"f", b"", b"w")
        worker.grab_job()
    for number in (2, 3, 1):
        worker.work_complete(b"H:test:%d" % number, b"r%d" % number)
    assert len(worker.received) == 3
    for number, client in enumerate(clients, 1):
        handle = b"H:test:%d" % number
        result = work_complete(handle, b"r%d" % number)
        assert client.received == [job_created(handle), result]
