"""Addressees that come and go, and how long jobs wait for them."""

from __future__ import annotations

import pytest

from geartrain.engine.model.addressees import ABSENCE
from tests.support.addressed_jobs import addressing, end_next, named_worker, submitted
from tests.support.dialogue import World, noop, work_fail
from tests.support.linked_jobs import refusal_of, why_not
from tests.support.stored_engine import rows


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return addressing(request.param)


def test_a_worker_that_reconnects_in_time_gets_it(world: World) -> None:
    worker = named_worker(world, b"b")
    handle = submitted(world.client(), b"f?to=worker:b")
    worker.leave()
    world.advance(ABSENCE - 1)
    said = "it is for worker:b alone, which is not connected: in 1.0 s it is dropped"
    assert why_not(world, handle.decode()) == said
    worker = named_worker(world, b"b", finds=True)
    world.advance(ABSENCE)
    assert end_next(worker) == handle


@pytest.mark.parametrize("name", [b"f?to=worker:b", b"f?to=host:10.0.0.2"])
def test_it_ends_where_nobody_comes_back(world: World, name: bytes) -> None:
    world.policy(b"f", result_ttl=60.0)
    worker = named_worker(world, b"b", b"10.0.0.2")
    named_worker(world, b"a")
    client = world.client()
    waiting = submitted(client, name, background=False)
    kept = submitted(client, name)
    worker.leave()
    world.advance(ABSENCE - 1)
    assert client.received == []
    world.advance(1)
    assert client.received == [work_fail(waiting)]
    (row,) = rows(world.admin(), f"result {kept.decode()}")
    assert row["state"] == "expired"
    said = name.partition(b"=")[2].decode()
    assert any(
        f"{said}, which it is for, was not connected for 30 s" in notice.text
        for notice in world.notices()
    )
    assert not world.engine.state.jobs


def test_a_worker_that_renames_itself_is_known_by_its_new_name(world: World) -> None:
    worker = named_worker(world, b"a")
    handle = submitted(world.client(), b"f?to=worker:b&ttl=1h")
    assert worker.received == []
    worker.set_client_id(b"b")
    assert worker.received == [noop()]
    assert end_next(worker) == handle
    assert "is worker:a" in refusal_of(world, "f?to=worker:a")


def test_a_worker_that_cannot_do_it_any_more_is_absent(world: World) -> None:
    worker = named_worker(world, b"b")
    worker.grab_job()
    worker.received.clear()
    handle = submitted(world.client(), b"f?to=worker:b")
    worker.cant_do(b"f")
    assert "is not connected" in why_not(world, handle.decode())
    worker.can_do(b"f")
    world.advance(ABSENCE)
    assert end_next(worker) == handle
