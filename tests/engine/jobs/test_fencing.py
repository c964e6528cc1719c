"""A fenced job server hands out nothing that its store keeps."""

from __future__ import annotations

import pytest

from tests.support.dialogue import WALL_START, World
from tests.support.stored_engine import (
    counts,
    drain,
    grab,
    numbers_in_memory,
    stored,
    submit,
    submit_due,
)

WINDOWS = [1, 2, 10]


def fenced(world: World, is_fenced: bool = True) -> None:
    world.engine.sharing.fence(world.now, is_fenced=is_fenced)
    world.deliver()


@pytest.mark.parametrize("window", WINDOWS)
def test_kept_jobs_are_not_handed_out_behind_a_fence(window: int) -> None:
    world = stored(window)
    submit(world.client(), "a", "b", "H", "_l", "c")
    worker = world.worker("f")

    fenced(world)

    assert grab(worker) == (b"", "")
    assert numbers_in_memory(world) == []
    assert counts(world) == (5, 0)


@pytest.mark.parametrize("window", WINDOWS)
def test_kept_jobs_are_handed_out_in_order_once_it_is_lifted(window: int) -> None:
    world = stored(window)
    submit(world.client(), "a", "b", "H", "_l", "c")
    fenced(world)
    submit(world.client(), "d")

    fenced(world, False)

    assert drain(world.worker("f")) == "H a b c d _l"
    assert counts(world) == (0, 0)


def test_foreground_jobs_go_on_behind_a_fence() -> None:
    world = stored()
    submit(world.client(), "kept")
    client, worker = world.client(), world.worker("f")
    fenced(world)
    client.submit_job(b"f", b"", b"now")

    job, workload = grab(worker)
    worker.work_complete(job, b"done")

    assert workload == "now"
    assert [each.name for each in client.received] == ["job_created", "work_complete"]


def test_what_fails_behind_a_fence_waits_for_its_end() -> None:
    world = stored()
    submit(world.client(), "again")
    world.policy(b"f", max_attempts=3)
    worker = world.worker("f")
    job, _ = grab(worker)
    fenced(world)

    worker.work_fail(job)

    assert grab(worker) == (b"", "")
    fenced(world, False)
    assert grab(worker) == (job, "again")


def test_what_runs_behind_a_fence_is_not_handed_out_again() -> None:
    world = stored()
    submit(world.client(), "once", "next")
    worker = world.worker("f")
    job, _ = grab(worker)
    fenced(world)
    fenced(world, False)

    assert grab(worker)[1] == "next"
    worker.work_complete(job, b"")
    assert grab(worker) == (b"", "")


def test_delayed_jobs_come_due_behind_a_fence_and_run_later() -> None:
    world = stored()
    submit_due(world.client(), WALL_START + 10, "due")
    fenced(world)
    world.advance(20)
    worker = world.worker("f")
    assert grab(worker) == (b"", "")

    fenced(world, False)

    assert grab(worker)[1] == "due"


def test_who_waits_for_a_kept_job_gets_its_result_after_the_fence() -> None:
    world = stored()
    background, foreground = world.client(), world.client()
    background.submit_job_bg(b"f", b"same", b"")
    foreground.submit_job(b"f", b"same", b"")
    worker = world.worker("f")
    fenced(world)
    assert grab(worker) == (b"", "")
    fenced(world, False)

    job, _ = grab(worker)
    worker.work_complete(job, b"done")

    assert [each.name for each in foreground.received] == [
        "job_created",
        "work_complete",
    ]


def test_jobs_held_for_their_key_leave_and_come_back() -> None:
    world = stored(window=2)
    world.policy(b"f", key_concurrency=1, options_in_names=True)
    client = world.client()
    for number in range(6):
        client.submit_job_bg(b"f?key=k", b"", b"%d" % number)
    fenced(world)
    worker = world.worker("f")
    assert grab(worker) == (b"", "")

    fenced(world, False)

    assert drain(worker) == "0 1 2 3 4 5"


def test_a_job_is_forgotten_behind_a_fence_when_nobody_waits_any_more() -> None:
    world = stored()
    fenced(world)
    background, foreground = world.client(), world.client()
    background.submit_job_bg(b"f", b"same", b"w")
    foreground.submit_job(b"f", b"same", b"w")
    assert numbers_in_memory(world) == [1]

    foreground.leave()
    world.deliver()

    assert numbers_in_memory(world) == []
    fenced(world, False)
    assert drain(world.worker("f")) == "w"
