"""``dedupe = "again"``: one more job follows one that runs; the rest join that."""

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
    no_job,
    noop,
    work_complete,
)
from tests.support.stored_engine import counted, counts, drain, grab, rows, stored


@pytest.fixture
def world() -> World:
    world = stored()
    world.policy(b"f", dedupe="again")
    return world


def running(world: World, unique: bytes = b"u") -> tuple[DialoguePeer, DialoguePeer]:
    """Submit a job and have it run; return a client and the worker."""
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", unique, b"first")
    assert client.received == [job_created(H1)]
    assert grab(worker) == (H1, "first")
    return client, worker


def test_one_that_waits_is_joined(world: World) -> None:
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"first")
    client.submit_job_bg(b"f", b"u", b"second")
    assert client.received == [job_created(H1), job_created(H1)]
    assert drain(world.worker("f")) == "first"


def test_one_more_waits_for_the_end_of_one_that_runs(world: World) -> None:
    client, worker = running(world)
    for workload in (b"second", b"third"):
        client.submit_job_bg(b"f", b"u", workload)
    assert client.received == [job_created(H2), job_created(H2)]
    other = world.worker("f")
    assert grab(other) == (b"", "")
    worker.work_complete(H1, b"")
    assert grab(other) == (H2, "second")
    assert counted(world) == {"submitted": 2, "completed": 1}


def test_a_sleeper_is_woken_when_it_may_run_and_not_before(world: World) -> None:
    client, worker = running(world)
    sleeper = world.sleeper("f")
    client.submit_job_bg(b"f", b"u", b"second")
    assert sleeper.received == []
    worker.work_complete(H1, b"")
    assert sleeper.received == [noop()]


@pytest.mark.parametrize("end", ["work_fail", "leave", "cancel"])
def test_however_the_first_ends_the_second_runs(world: World, end: str) -> None:
    client, worker = running(world)
    client.submit_job_bg(b"f", b"u", b"second")
    if end == "work_fail":
        worker.work_fail(H1)
    elif end == "leave":
        worker.leave()
    else:
        assert world.admin().text("cancel job H:test:1") == b"OK\r\n"
    assert "second" in drain(world.worker("f"))


def test_a_failed_first_and_its_second_never_run_at_once(world: World) -> None:
    world.policy(b"f", max_attempts=3, backoff_delay=5)
    client, worker = running(world)
    client.submit_job_bg(b"f", b"u", b"second")
    worker.work_fail(H1)
    assert grab(worker) == (H2, "second")
    world.advance(10)
    assert grab(world.worker("f")) == (b"", "")
    worker.work_complete(H2, b"")
    assert grab(worker) == (H1, "first")


def test_a_submission_joins_the_first_while_that_waits_for_another_attempt(
    world: World,
) -> None:
    world.policy(b"f", max_attempts=3, backoff_delay=5)
    client, worker = running(world)
    client.submit_job_bg(b"f", b"u", b"second")
    worker.work_fail(H1)
    assert grab(worker) == (H2, "second")
    client.submit_job_bg(b"f", b"u", b"third")
    assert client.received == [job_created(H2), job_created(H1)]


def test_a_foreground_submission_gets_the_result_of_the_second(world: World) -> None:
    _, worker = running(world)
    client = world.client()
    client.submit_job(b"f", b"u", b"second")
    worker.work_complete(H1, b"old")
    assert client.received == [job_created(H2)]
    worker.grab_job()
    worker.work_complete(H2, b"new")
    assert worker.received == [job_assign(H2, b"f", b"second")]
    assert client.received == [work_complete(H2, b"new")]


def test_a_second_whose_client_leaves_is_dropped(world: World) -> None:
    _, worker = running(world)
    client = world.client()
    client.submit_job(b"f", b"u", b"second")
    client.leave()
    worker.work_complete(H1, b"")
    assert grab(worker) == (b"", "")


def test_equal_workloads_are_equal_jobs(world: World) -> None:
    client, worker = running(world, b"-")
    client.submit_job_bg(b"f", b"-", b"first")
    client.submit_job_bg(b"f", b"-", b"other")
    assert client.received == [job_created(H2), job_created(H3)]
    assert grab(worker) == (H3, "other")
    assert grab(worker) == (b"", "")
    worker.work_complete(H1, b"")
    assert grab(worker) == (H2, "first")


def test_large_workloads_with_equal_ends_are_told_apart(world: World) -> None:
    end = bytes(70_000)
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"-", end + b"1" + end)
    grab(worker)
    client.submit_job_bg(b"f", b"-", end + b"1" + end)
    client.submit_job_bg(b"f", b"-", end + b"2" + end)
    assert client.received == [job_created(H1), job_created(H2), job_created(H3)]
    assert grab(worker)[0] == H3


def test_both_outlast_a_restart_and_never_run_at_once(world: World) -> None:
    client, _ = running(world)
    client.submit_job_bg(b"f", b"u", b"second")
    world = world.restarted()
    one, other = world.worker("f"), world.worker("f")
    assert grab(one) == (H1, "first")
    assert grab(other) == (b"", "")
    one.work_complete(H1, b"")
    assert grab(other) == (H2, "second")


def test_one_that_waits_behind_another_can_be_moved_and_says_why(world: World) -> None:
    client, worker = running(world)
    client.submit_job_bg(b"f", b"u", b"second")
    (row,) = rows(world.admin(), "why H:test:2")
    assert row["code"] == "unique"
    assert "H:test:1" in row["why"]
    assert world.admin().text("priority H:test:2 high") == b"OK\r\n"
    assert grab(worker) == (b"", "")
    assert world.admin().text("move H:test:2 g") == b"OK\r\n"
    assert grab(world.worker("g")) == (H2, "second")


def test_a_waiting_function_is_counted_whole(world: World) -> None:
    client, worker = running(world)
    client.submit_job_bg(b"f", b"u", b"second")
    assert counts(world) == (2, 1)
    assert world.admin().text("drop function f").startswith(b"ERR")
    worker.grab_job()
    assert worker.received == [no_job()]


def test_one_that_waited_behind_another_is_held_by_its_flow_key_after_that(
    world: World,
) -> None:
    world.policy(b"f", options_in_names=True, key_concurrency=1)
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f?key=a", b"u", b"first")
    assert grab(worker) == (H1, "first")
    client.submit_job_bg(b"f?key=b", b"v", b"other")
    assert grab(worker) == (H2, "other")
    client.submit_job_bg(b"f?key=b", b"u", b"second")
    worker.work_complete(H1, b"")
    assert grab(worker) == (b"", "")
    worker.work_complete(H2, b"")
    assert grab(worker) == (H3, "second")
