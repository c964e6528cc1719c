"""Jobs that wait for others, over failures, restarts and operators."""

from __future__ import annotations

import json

import pytest

from tests.support.dialogue import World
from tests.support.linked_jobs import (
    linking,
    restarted_linking,
    run_next,
    status_of,
    submit_named,
    why_not,
)
from tests.support.stored_engine import grab


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return linking(request.param)


def test_a_job_waits_for_the_success_of_another(world: World) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}")
    assert run_next(world, "b") == ("", "")
    assert status_of(world, second) == "blocked"
    assert why_not(world, second) == f"it waits for 1 of 1 job: the first is {first}"
    assert run_next(world, "a") == (first, "w")
    assert run_next(world, "b") == (second, "w")
    assert not world.engine.state.graph.successors
    assert not world.engine.state.graph.waiting


@pytest.mark.parametrize("empty", [b"", b"-"])
def test_a_job_without_a_workload_is_handed_the_result(
    world: World, empty: bytes
) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}", empty)
    third = submit_named(world, f"c?after={second}", b"")
    assert run_next(world, "a", b"one")[0] == first
    assert run_next(world, "b", b"two") == (second, "one")
    assert run_next(world, "c") == (third, "two")
    assert not world.engine.state.graph.successors
    assert world.engine.state.graph.size == 0


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_job_is_handed_a_result_that_comes_while_it_is_stored(
    world: World, *, is_shared: bool
) -> None:
    world.engine.state.is_shared = is_shared
    first = submit_named(world, "a")
    worker, client = world.worker("a"), world.client()
    assert grab(worker)[0].decode() == first
    world.is_committing = False
    client.submit_job_bg(f"b?after={first}".encode(), b"u", b"-")
    batch = world.take()
    worker.work_complete(first.encode(), b"one")
    world.advance(0)
    world.settle(batch)
    world.commit_all()
    (created,) = client.received
    assert run_next(world, "b") == (created.arguments[0].decode(), "one")
    assert not world.engine.state.graph.successors
    assert world.engine.state.graph.size == 0


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_job_is_cancelled_by_a_failure_that_comes_while_it_is_stored(
    world: World, *, is_shared: bool
) -> None:
    world.engine.state.is_shared = is_shared
    world.policy(b"a", dead_letter=False)
    first = submit_named(world, "a")
    worker, client = world.worker("a"), world.client()
    assert grab(worker)[0].decode() == first
    world.is_committing = False
    client.submit_job_bg(f"b?after={first}".encode(), b"u", b"-")
    batch = world.take()
    worker.work_fail(first.encode())
    world.advance(0)
    world.settle(batch)
    world.commit_all()
    (created,) = client.received
    assert status_of(world, created.arguments[0].decode()) == "cancelled"
    assert run_next(world, "b") == ("", "")
    assert not world.engine.state.graph.successors


def test_a_job_that_waits_for_none_keeps_its_workload(world: World) -> None:
    first = submit_named(world, "a?batch=news", b"-")
    assert run_next(world, "a") == (first, "-")


def test_what_it_is_handed_outlasts_a_restart_and_its_attempts(world: World) -> None:
    world.policy(b"b", max_attempts=2, backoff_delay=0.0)
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}", b"")
    run_next(world, "a", b"one")
    world = restarted_linking(world)
    world.policy(b"b", max_attempts=2, backoff_delay=0.0)
    assert run_next(world, "b", None) == (second, "one")
    world = restarted_linking(world)
    assert run_next(world, "b", None) == (second, "one")
    world.admin().text(f"dead retry {second}")
    assert run_next(world, "b") == (second, "one")


def test_after_several_it_is_handed_json(world: World) -> None:
    first, second = submit_named(world, "a"), submit_named(world, "a")
    third = submit_named(world, f"b?after={first},{second}", b"")
    run_next(world, "a", b"one")
    assert run_next(world, "b") == ("", "")
    assert why_not(world, third) == f"it waits for 1 of 2 jobs: the first is {second}"
    run_next(world, "a", b"two")
    _, workload = run_next(world, "b")
    told = json.loads(workload)
    assert [each["handle"] for each in told] == [first, second]
    assert [each["result"] for each in told] == ["one", "two"]


def test_a_client_that_waits_for_a_batch_is_told_how_far_it_is(world: World) -> None:
    for _ in range(4):
        submit_named(world, "a?batch=news")
    client = world.client()
    client.submit_job(b"report?after=batch:news", b"", b"")
    job = client.received[0].arguments[0]
    for done in (b"1", b"2", b"3"):
        run_next(world, "a")
        (answer,) = client.received
        assert answer.name == "work_status"
        assert answer.arguments == (job, done, b"4")
    client.get_status(job)
    (answer,) = client.received
    assert answer.arguments == (job, b"1", b"0", b"3", b"4")
    run_next(world, "a")
    run_next(world, "report", b"sent")
    assert client.received[-1].name == "work_complete"


def test_the_status_of_a_job_that_waits_is_how_far_others_are(world: World) -> None:
    for _ in range(3):
        submit_named(world, "a?batch=news")
    done = submit_named(world, "report?after=batch:news")
    run_next(world, "a")
    client = world.client()
    client.get_status(done.encode())
    (answer,) = client.received
    assert answer.arguments == (done.encode(), b"1", b"0", b"1", b"3")


def test_an_operator_lets_a_job_run_that_waits(world: World) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}")
    world.admin().text(f"run {second}")
    assert run_next(world, "b") == (second, "w")
    assert not world.engine.state.graph.successors


def test_a_job_that_waits_can_be_moved(world: World) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}")
    world.admin().text(f"move {second} c")
    assert run_next(world, "c") == ("", "")
    run_next(world, "a")
    assert run_next(world, "c") == (second, "w")
