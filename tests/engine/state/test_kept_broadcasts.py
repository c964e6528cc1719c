"""Broadcasts, and batches, over crashes."""

from __future__ import annotations

import json

import pytest

from geartrain.engine.model.addressees import ABSENCE
from tests.support.addressed_jobs import (
    addressing,
    batch_left,
    end_next,
    named_worker,
    submitted,
)
from tests.support.dialogue import World
from tests.support.linked_jobs import batch_row, restarted_linking
from tests.support.stored_engine import rows


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return addressing(request.param)


def test_its_result_is_kept_also_over_a_restart(world: World) -> None:
    workers = [named_worker(world, name) for name in (b"a", b"b", b"")]
    client = world.client()
    handle = submitted(client, b"f?to=everyone&result_ttl=1h").decode()
    end_next(workers[0], b"one")
    other = restarted_linking(world)
    # The one without an id cannot come back.
    assert batch_row(other, handle)["failed"] == 1
    assert batch_row(other, handle)["left"] == 1
    end_next(named_worker(other, b"b", finds=True), b"two")
    (row,) = rows(other.admin(), f"result {handle}")
    assert row["state"] == "failed"
    outcomes = [each["outcome"] for each in json.loads(row["error"])]
    assert outcomes == ["succeeded", "expired", "succeeded"]
    assert not other.engine.state.jobs
    assert not other.engine.state.graph.successors
    assert other.store is not None
    other.is_committing = False
    other.store.close()
    entries = other.store.open().entries
    assert not [each for each in entries if each.kind in (b"outcome", b"successor")]


def test_it_is_acknowledged_once_all_its_jobs_are_durable(world: World) -> None:
    workers = [named_worker(world, name) for name in (b"a", b"b")]
    world.is_committing = False
    client = world.client()
    client.submit_job_bg(b"f?to=everyone", b"", b"w")
    assert client.received == []
    lost = world.engine.state.last_number()
    world.commit_all()
    assert client.received[0].name == "job_created"
    other = restarted_linking(world)
    assert other.engine.state.last_number() >= lost
    assert len(workers) == batch_left(other)


def test_what_was_half_made_at_a_crash_ends_with_what_there_is() -> None:
    world = addressing()
    for number in range(350):
        named_worker(world, b"w%d" % number)
    client = world.client()
    world.goes_on = False
    client.submit_job_bg(b"f?to=everyone", b"", b"w")
    assert client.received == []
    other = restarted_linking(world)
    left = batch_left(other)
    assert 0 < left < 350
    other.advance(ABSENCE + 1)
    assert not other.engine.state.jobs
    assert not other.engine.state.graph.successors
