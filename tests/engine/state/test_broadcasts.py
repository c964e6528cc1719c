"""What is told of the jobs of a broadcast."""

from __future__ import annotations

import json

import pytest

from geartrain.engine.model.addressees import ABSENCE
from tests.support.addressed_jobs import (
    addressing,
    end_next,
    named_worker,
    submitted,
    told,
)
from tests.support.dialogue import World, work_exception, work_fail


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return addressing(request.param)


def test_a_result_that_is_too_large_is_not_told(world: World) -> None:
    worker = named_worker(world, b"a")
    client = world.client()
    submitted(client, b"f?to=everyone", background=False)
    end_next(worker, b"r" * 65_537)
    (data, complete) = client.received
    assert json.loads(data.arguments[1])["result"] is None
    assert json.loads(complete.arguments[1])[0]["outcome"] == "succeeded"


def test_it_fails_if_one_does(world: World) -> None:
    world.policy(b"f", dead_letter=False)
    a, b = named_worker(world, b"a"), named_worker(world, b"b")
    client = world.client()
    plain = submitted(client, b"f?to=everyone", background=False)
    end_next(a, None)
    assert told(client.received) == [("a", "127.0.0.1", "failed", "fail")]
    end_next(b)
    assert client.received[-1] == work_fail(plain)


def test_who_wants_exceptions_is_told_all_of_it_in_one(world: World) -> None:
    a, b = named_worker(world, b"a"), named_worker(world, b"b")
    client = world.client()
    client.option_req(b"exceptions")
    client.received.clear()
    handle = submitted(client, b"f?to=everyone", background=False)
    a.grab_job()
    a.work_exception(a.received[-1].arguments[0], b"no room")
    end_next(b, b"done")
    last = client.received[-1]
    assert last == work_exception(handle, last.arguments[1])
    outcomes = {each["worker"]: each for each in json.loads(last.arguments[1])}
    assert outcomes["a"]["error"] == "no room"
    assert outcomes["b"]["result"] == "done"


def test_who_left_fails_and_others_do_not_wait(world: World) -> None:
    unnamed = named_worker(world, b"", b"10.0.0.1")
    named = named_worker(world, b"a")
    client = world.client()
    submitted(client, b"f?to=everyone", background=False)
    unnamed.leave()
    world.advance(0)
    assert told(client.received) == [
        (None, "10.0.0.1", "expired", "its worker has left")
    ]
    named.leave()
    world.advance(ABSENCE)
    last = client.received
    assert told(last)[0][:3] == ("a", None, "expired")
    assert "was not connected for 30 s" in told(last)[0][3]
    assert last[-1].name == "work_fail"
