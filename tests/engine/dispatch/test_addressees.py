"""Who is woken for a job that is for one worker alone, and who gets it."""

from __future__ import annotations

import pytest

from geartrain.engine.dispatch.wakeups import GRACE
from tests.support.addressed_jobs import addressing, end_next, named_worker, submitted
from tests.support.dialogue import World, noop, work_complete


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return addressing(request.param)


def test_only_its_worker_is_woken_and_gets_it(world: World) -> None:
    other, worker = named_worker(world, b"a"), named_worker(world, b"b")
    client = world.client()
    handle = submitted(client, b"f?to=worker:b", background=False)
    assert (other.received, worker.received) == ([], [noop()])
    assert end_next(other) == b""
    assert end_next(worker, b"done") == handle
    assert client.received == [work_complete(handle, b"done")]
    assert not world.engine.state.wakeups.addressees.mail
    assert world.engine.state.functions[b"f"].flow is None


def test_it_goes_before_jobs_for_anybody(world: World) -> None:
    client = world.client()
    worker = world.worker("f")
    worker.set_client_id(b"b")
    submitted(client, b"f?priority=high")
    mine = submitted(client, b"f?to=worker:b&priority=low")
    assert end_next(worker) == mine


def test_any_worker_of_a_host_may_have_it(world: World) -> None:
    away = named_worker(world, b"", b"10.0.0.1")
    first = named_worker(world, b"", b"10.0.0.2")
    second = named_worker(world, b"", b"10.0.0.2")
    handle = submitted(world.client(), b"f?to=host:10.0.0.2")
    woken = [each for each in (first, second) if each.received]
    assert len(woken) == 1
    # It does not come: the other is woken in its place.
    world.advance(GRACE)
    late = first if woken[0] is second else second
    assert (away.received, late.received) == ([], [noop()])
    assert end_next(late) == handle
