"""What batches count, and what of the graph outlasts a restart."""

from __future__ import annotations

import json

import pytest

from geartrain.engine.model.graph import JobBatch
from tests.support.dialogue import World, job_created
from tests.support.linked_jobs import (
    batch_row,
    linking,
    refusal_of,
    restarted_linking,
    run_next,
    status_of,
    submit_named,
    why_not,
)
from tests.support.stored_engine import grab, handle


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return linking(request.param)


def test_a_batch_counts_its_jobs(world: World) -> None:
    for _ in range(4):
        submit_named(world, "a?batch=news")
    done = submit_named(world, "report?after=batch:news", b"")
    assert why_not(world, done) == (
        "it waits for 4 of 4 jobs: of the batch 'news' 0 have ended"
    )
    run_next(world, "a")
    run_next(world, "a", None)
    world = restarted_linking(world)
    run_next(world, "a")
    row = batch_row(world, "news")
    assert (row["total"], row["succeeded"], row["dead"], row["left"]) == (4, 2, 1, 1)
    run_next(world, "a")
    # A dead letter may be retried.
    assert run_next(world, "report") == ("", "")
    world.admin().text("dead retry H:test:2")
    run_next(world, "a")
    job, workload = run_next(world, "report")
    assert job == done
    assert json.loads(workload) == [
        {
            "batch": "news",
            "outcome": "succeeded",
            "total": 4,
            "succeeded": 4,
            "failed": 0,
        }
    ]
    assert batch_row(world, "news")["ended"] is not None


def test_a_twin_is_no_job_of_its_batch(world: World) -> None:
    client = world.client()
    for unique in (b"u", b"v", b"u"):
        client.submit_job_bg(b"a?batch=x", unique, b"w")
    assert len({answer.arguments[0] for answer in client.received}) == 2
    assert batch_row(world, "x")["total"] == 2
    run_next(world, "a")
    run_next(world, "a")
    assert batch_row(world, "x")["left"] == 0


def test_jobs_that_the_store_refuses_are_no_jobs_of_a_batch() -> None:
    world = linking()
    submit_named(world, "a?batch=x")
    client = world.client()
    world.is_committing = False
    client.submit_job_bg(b"a?batch=x", b"", b"w")
    client.submit_job_bg(b"b?after=batch:x", b"", b"w")
    world.refuse("the disk is full")
    world.commit_all()
    assert batch_row(world, "x")["total"] == 1
    assert not world.engine.state.graph.successors
    run_next(world, "a")
    assert batch_row(world, "x")["left"] == 0


def test_it_waits_through_a_restart(world: World) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}")
    world = restarted_linking(world)
    assert run_next(world, "b") == ("", "")
    assert why_not(world, second).startswith("it waits for 1 of 1")
    assert run_next(world, "a")[0] == first
    world = restarted_linking(world)
    assert run_next(world, "b") == (second, "w")
    assert not world.restarted().engine.state.graph.successors


def test_a_foreground_job_that_nobody_awaits_any_more_waits_no_more() -> None:
    world = linking()
    first = submit_named(world, "a?batch=x")
    client = world.client()
    client.submit_job(f"b?batch=x&after={first}".encode(), b"", b"")
    assert client.received == [job_created(handle(2))]
    client.leave()
    assert not world.engine.state.graph.successors
    assert batch_row(world, "x")["left"] == 1


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_job_that_had_ended_when_the_store_refused_it_counts_as_it_ended(
    is_taken: bool,
) -> None:
    world = linking()
    submit_named(world, "a?batch=x")
    world.is_committing = False
    worker = world.worker("b")
    world.client().submit_job_bg(b"b?batch=x", b"", b"")
    batch = world.take() if is_taken else None
    worker.work_complete(grab(worker)[0], b"")
    world.settle(batch or world.take(), "the disk is full")
    world.commit_all()
    row = batch_row(world, "x")
    assert (row["total"], row["succeeded"], row["left"]) == (2, 1, 1)
    after = submit_named(world, "c?after=batch:x")
    world.advance(0)
    assert status_of(world, after) == "blocked"


def test_what_waits_for_jobs_that_end_with_the_job_server_waits_no_more() -> None:
    world = linking()
    client = world.client()
    client.submit_job(b"a", b"u", b"")
    client.submit_job(b"a?batch=x", b"", b"")
    waiting = [
        submit_named(world, f"b?after={after}{when}")
        for after in ("H:test:1", "batch:x")
        for when in ("", "&when=done")
    ]
    world = restarted_linking(world)
    assert [status_of(world, each) for each in waiting[::2]] == ["cancelled"] * 2
    assert [run_next(world, "b")[0] for _ in waiting[1::2]] == waiting[1::2]
    row = batch_row(world, "x")
    assert (row["total"], row["failed"], row["left"]) == (1, 1, 0)
    assert not world.engine.state.graph.successors


def test_what_waits_for_a_job_that_is_kept_after_all_waits_on() -> None:
    world = linking()
    client = world.client()
    client.submit_job(b"a", b"u", b"w")
    waiting = submit_named(world, "b?after=H:test:1")
    client.submit_job_bg(b"a", b"u", b"w")
    world = restarted_linking(world)
    assert status_of(world, waiting) == "blocked"
    assert run_next(world, "a")[0] == "H:test:1"
    assert run_next(world, "b")[0] == waiting


def test_what_waits_for_a_job_that_the_store_refuses_waits_no_more() -> None:
    world = linking()
    world.is_committing = False
    world.client().submit_job_bg(b"a", b"", b"w")
    batch = world.take()
    client = world.client()
    for name in (b"b?after=H:test:1", b"c?after=H:test:1&when=done"):
        client.submit_job_bg(name, b"", b"w")
    world.settle(batch, "the disk is full")
    world.commit_all()
    world.advance(0)
    assert client.received == [job_created(handle(2)), job_created(handle(3))]
    assert status_of(world, "H:test:2") == "cancelled"
    assert run_next(world, "c") == ("H:test:3", "w")
    assert not world.engine.state.graph.successors


def test_a_dead_letter_that_the_store_refused_keeps_nobody_waiting() -> None:
    world = linking()
    world.policy(b"b", max_attempts=1, dead_letter=True)
    submit_named(world, "a?batch=x")
    after = submit_named(world, "c?after=batch:x")
    world.is_committing = False
    client, worker = world.client(), world.worker("b")
    client.submit_job_bg(b"b?batch=x", b"", b"")
    job = grab(worker)[0]
    client.submit_job(b"c?after=" + job, b"", b"")
    batch = world.take()
    worker.work_fail(job)
    world.settle(batch, "the disk is full")
    world.commit_all()
    run_next(world, "a")
    row = batch_row(world, "x")
    assert (row["total"], row["failed"], row["dead"]) == (2, 1, 0)
    assert status_of(world, after) == "cancelled"
    assert not world.engine.state.graph.successors


def test_the_batches_that_ended_first_are_forgotten_where_there_are_too_many() -> None:
    world = linking()
    graph = world.engine.state.graph
    for number in range(10_000):
        graph.batches[b"%d" % number] = JobBatch(b"%d" % number, 0.0)
        graph.batches[b"%d" % number].total = 1
    graph.is_used = True
    assert "too many batches" in refusal_of(world, "f?batch=new")
    graph.batches[b"7"].succeeded = 1
    submit_named(world, "f?batch=new")
    assert b"7" not in graph.batches
    assert len(graph.batches) == 10_000
