"""What a submission may wait for, and what it is told if it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.dialogue import World
from tests.support.linked_jobs import (
    linking,
    refusal_of,
    run_next,
    submit_named,
)
from tests.support.stored_engine import grab

WORLDS: dict[str, dict[str, Any]] = {
    "jobs in memory, too": {},
    "all but one in the store alone": {"window": 1},
    "no job in the store": {"keeps_jobs": False},
}


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> World:
    return linking(**WORLDS[request.param])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b?after=H:test:77", "no job 'H:test:77' is known"),
        ("b?after=batch:none", "no job was submitted in the batch 'none'"),
        ("b?after=H:test:1&delay=5", "has no delay"),
        ("b?after=", "after cannot be ''"),
        ("b?after=H:test:1&when=never", "when cannot be 'never'"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(
    world: World, name: str, reason: str
) -> None:
    submit_named(world, "a")
    assert reason in refusal_of(world, name)


def test_what_failed_before_is_refused(world: World) -> None:
    world.policy(b"a", dead_letter=False)
    first = submit_named(world, "a")
    run_next(world, "a", None)
    assert f"'{first}' ended: failed" in refusal_of(world, f"b?after={first}")
    second = submit_named(world, f"b?after={first}&when=failure")
    assert run_next(world, "b")[0] == second


def test_a_job_does_not_wait_for_its_own_batch(world: World) -> None:
    submit_named(world, "a?batch=x")
    assert "would wait for itself" in refusal_of(world, "a?batch=x&after=batch:x")
    submit_named(world, "a?batch=y&after=batch:x")
    assert "would wait for itself" in refusal_of(world, "a?batch=x&after=batch:y")
    last = submit_named(world, "a?after=batch:y")
    assert "would wait for itself" in refusal_of(world, f"a?batch=x&after={last}")


def test_what_has_ended_is_not_waited_for(world: World) -> None:
    world.policy(b"a", result_ttl=60.0)
    first = submit_named(world, "a")
    run_next(world, "a", b"one")
    second = submit_named(world, f"b?after={first}", b"")
    assert run_next(world, "b") == (second, "one")
    assert not world.engine.state.graph.successors


def test_one_that_ends_while_the_store_is_asked_for_another_is_handed_on() -> None:
    world = linking()
    world.policy(b"a", result_ttl=60.0)
    first, second = submit_named(world, "a"), submit_named(world, "a")
    run_next(world, "a", b"one")
    worker = world.worker("a")
    job, _ = grab(worker)
    world.is_committing = False
    client = world.client()
    client.submit_job_bg(f"b?after={first},{second}".encode(), b"", b"")
    worker.work_complete(job, b"two")
    assert client.received == []
    world.is_committing = True
    world.deliver()
    assert [answer.name for answer in client.received] == ["job_created"]
    _, workload = run_next(world, "b")
    assert [each["result"] for each in json.loads(workload)] == ["one", "two"]
