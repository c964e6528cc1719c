"""Which of two jobs with one unique stays, when one of them is not in memory."""

from __future__ import annotations

import pytest

from tests.support.dialogue import H2, H4, World, job_created
from tests.support.stored_engine import (
    counts,
    drain,
    grab,
    handle,
    rows,
    submit,
    with_paged,
)


def play_meanwhile(world: World, what: str) -> None:
    """Have something happen to the job with unique u, which is not in memory."""
    if what == "comes in":
        worker = world.worker("f")
        grab(worker)
    elif what == "runs":
        world.client().submit_job(b"f", b"u", b"")
    elif what == "cancelled":
        world.admin().send(b"cancel job H:test:2\n")


@pytest.mark.parametrize("what", ["comes in", "runs", "cancelled"])
def test_a_twin_that_comes_into_memory_meanwhile(what: str) -> None:
    world = with_paged(b"u")
    world.is_committing = False
    client = world.client()
    play_meanwhile(world, what)
    client.submit_job_bg(b"f", b"u", b"again")
    world.commit()
    world.commit_all()
    assert client.received == [job_created(H2)]
    waiting = 0 if what == "cancelled" else 1
    done = drain(world.worker("f")).split()
    assert done.count("u") + done.count("again") == waiting


def test_a_new_job_that_failed_for_good_is_no_twin() -> None:
    world = with_paged(b"v")
    worker, client = world.worker("f"), world.client()
    world.is_committing = False
    client.submit_job_high_bg(b"f", b"u", b"w")
    # It is not known yet to be no twin, and has to wait.
    assert grab(worker)[1] == "first"
    world.commit()
    assert grab(worker) == (H4, "w")
    worker.work_fail(H4)
    client.submit_job_bg(b"f", b"u", b"again")
    world.commit_all()
    assert client.received == [job_created(H4), job_created(handle(5))]
    assert drain(worker) == "v last again"


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_job_that_failed_for_good_is_no_twin(order: str) -> None:
    world = with_paged(b"u", b"v")
    worker, client = world.worker("f"), world.client()
    grab(worker)
    assert grab(worker) == (H2, "u")
    world.is_committing = False
    if order == "before":
        worker.work_fail(H2)
    client.submit_job_bg(b"f", b"u", b"again")
    if order == "after":
        worker.work_fail(H2)
    world.commit_all()
    (created,) = client.received
    # One that joined a running job fails with it.
    assert created == job_created(handle(5) if order == "before" else H2)
    again = " again" if order == "before" else ""
    assert drain(worker) == "v last" + again
    assert [row["handle"] for row in rows(client, "dead list")] == ["H:test:2"]


def test_a_job_that_ended_is_no_twin() -> None:
    world = with_paged(b"u", b"v")
    worker, client = world.worker("f"), world.client()
    grab(worker)
    assert grab(worker) == (H2, "u")
    world.is_committing = False
    worker.work_complete(H2, b"")
    client.submit_job_bg(b"f", b"u", b"again")
    world.commit_all()
    assert client.received == [job_created(handle(5))]
    assert drain(worker) == "v last again"


def test_a_cancelled_job_is_no_twin() -> None:
    world = with_paged(b"u")
    client = world.client()
    assert client.text("cancel job H:test:2") == b"OK\r\n"
    client.submit_job_bg(b"f", b"u", b"again")
    assert client.received == [job_created(H4)]
    assert drain(world.worker("f")) == "first last again"


def test_a_dead_letter_is_no_twin_until_it_is_tried_again() -> None:
    world = with_paged(b"u")
    worker, client = world.worker("f"), world.client()
    grab(worker)
    grab(worker)
    worker.work_fail(H2)
    submit(client, "more")
    client.submit_job_bg(b"f", b"v", b"v")
    assert client.received == [job_created(H4), job_created(handle(5))]
    assert client.text("dead retry H:test:2") == b"OK\r\n"
    client.submit_job_bg(b"f", b"u", b"again")
    assert client.received == [job_created(H2)]


def test_a_job_that_was_cancelled_while_unknown_is_gone() -> None:
    world = with_paged(b"u")
    world.is_committing = False
    client, admin = world.client(), world.admin()
    client.submit_job_bg(b"f", b"new", b"w")
    admin.send(b"cancel job H:test:4\n")
    world.commit_all()
    assert client.received == [job_created(H4)]
    assert drain(world.worker("f")) == "first u last"
    assert counts(world) == (0, 0)
