"""How what was submitted becomes a job, if there is room."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    error,
    job_created,
    noop,
)


def test_a_full_queue_refuses_a_new_job_but_not_a_joining_one(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    admin.text("maxqueue f 1")
    client.submit_job(b"f", b"u", b"w")
    client.submit_job(b"f", b"v", b"w")
    client.submit_job_bg(b"f", b"u", b"w")
    full = error(b"QUEUE_ERROR", b"Job queue is full")
    assert client.received == [job_created(H1), full, job_created(H1)]


def test_running_and_scheduled_jobs_fill_a_queue(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    admin.text("maxqueue f 2")
    worker = world.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 60), b"w")
    client.submit_job_bg(b"f", b"", b"w")
    worker.work_complete(H1, b"")
    client.submit_job_bg(b"f", b"", b"w")
    full = error(b"QUEUE_ERROR", b"Job queue is full")
    assert client.received == [
        job_created(H1),
        job_created(H2),
        full,
        job_created(b"H:test:3"),
    ]


@pytest.mark.parametrize(
    ("limits", "accepted"),
    [
        ("", "high normal low"),
        ("0", "high normal low"),
        ("2", ""),
        ("3", "high normal low"),
        ("2 3", "normal low"),
        ("3 2", "high low"),
        ("2 2", "low"),
        ("2 2 3", "low"),
        ("3 3 2", "high normal"),
        ("-1", "high normal low"),
        ("many", "high normal low"),
        ("9" * 30, "high normal low"),
    ],
)
def test_each_priority_has_its_own_maxqueue_over_all_jobs(
    limits: str, accepted: str
) -> None:
    taken = []
    for priority in ("high", "normal", "low"):
        client = World().client()
        client.submit_job_bg(b"f", b"", b"w")
        client.submit_job_low_bg(b"f", b"", b"w")
        assert client.received == [job_created(H1), job_created(H2)]
        assert client.text(f"maxqueue f {limits}") == b"OK\r\n"
        if priority == "high":
            client.submit_job_high_bg(b"f", b"", b"w")
        elif priority == "normal":
            client.submit_job_bg(b"f", b"", b"w")
        else:
            client.submit_job_low_bg(b"f", b"", b"w")
        if client.received[0].name == "job_created":
            taken.append(priority)
    assert " ".join(taken) == accepted


def test_maxqueue_is_remembered_for_a_function_to_come(
    client: DialoguePeer, admin: DialoguePeer
) -> None:
    admin.text("maxqueue f 1")
    client.submit_job_bg(b"f", b"", b"w")
    client.submit_job_bg(b"f", b"", b"w")
    assert [answer.name for answer in client.received] == ["job_created", "error"]


def test_the_answer_comes_before_the_job_can_be_run(world: World) -> None:
    """A peer that is both is told the handle before it is woken for it."""
    both = world.sleeper("f")
    both.submit_job(b"f", b"", b"w")
    assert both.received == [job_created(H1), noop()]


def test_handles_count_up_and_are_never_given_again(
    world: World, client: DialoguePeer
) -> None:
    worker = world.worker("f")
    for number in range(1, 4):
        client.submit_job_bg(b"f", b"", b"w")
        worker.grab_job()
        worker.work_complete(b"H:test:%d" % number, b"")
    assert client.received == [
        job_created(b"H:test:%d" % number) for number in range(1, 4)
    ]
