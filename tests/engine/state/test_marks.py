"""When moments are marked, and what a restart makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.batches import Batch
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World
from tests.support.stored_engine import listed, stored, submit


def told(world: World, filters: str = "") -> list[dict[str, Any]]:
    """Return the marks, the earliest first."""
    return listed(world.admin(), f"marks{filters}")[::-1]


def named(world: World) -> list[str]:
    """Return what was marked, the earliest first, without starts."""
    return [each["mark"] for each in told(world) if each["mark"] != "started"]


def test_a_start_is_marked_with_the_version() -> None:
    world = stored()
    (start,) = told(world)
    assert start == {
        "number": 1,
        "time": pytest.approx(world.wall_time),
        "mark": "started",
        "function": None,
        "seconds": None,
        "version": "9.8.7",
    }


def test_a_stop_in_order_is_told_from_a_crash() -> None:
    world = stored()
    world.advance(60)
    world.engine.keep_clock(world.now)
    world.deliver()
    world.advance(7)
    world = world.restarted()
    first, stop, start = told(world)
    assert [each["mark"] for each in (first, stop)] == ["started", "stopped"]
    assert stop["time"] - first["time"] == pytest.approx(60)
    assert (start["mark"], start["seconds"]) == ("started", pytest.approx(7))
    world.advance(30)
    submit(world.client(), "1")
    world.advance(20)
    world = world.restarted()
    crash, last = told(world)[-2:]
    assert (crash["mark"], last["mark"]) == ("crashed", "started")
    # The last that it saved was the job.
    assert crash["time"] - start["time"] == pytest.approx(30)
    assert last["seconds"] == pytest.approx(20)


def test_a_function_that_lost_its_last_worker_is_marked() -> None:
    world = stored()
    one, two = world.worker("f", "g"), world.worker("f")
    world.advance(10)
    one.leave()
    world.advance(10)
    assert [(each["mark"], each["function"]) for each in told(world)[1:]] == [
        ("no_worker", "g")
    ]
    left = world.wall_time
    two.cant_do(b"f")
    world.advance(60)
    world.worker("f")
    world.advance(1)
    lost, back = told(world, " function=f")[1:]
    assert (lost["mark"], back["mark"]) == ("no_worker", "worker")
    assert lost["time"] == pytest.approx(left)
    assert back["time"] == pytest.approx(left + 60)
    assert (lost["seconds"], back["seconds"]) == (None, pytest.approx(60))


def test_workers_that_come_and_go_leave_no_marks() -> None:
    world = stored()
    for _ in range(5):
        worker = world.worker("f")
        world.advance(1)
        worker.reset_abilities()
        world.advance(1)
        worker.can_do(b"f")
        worker.leave()
        world.advance(4)
    world.worker("f")
    world.advance(60)
    assert named(world) == []


def test_a_function_without_a_worker_over_a_restart_is_known_to_have_none() -> None:
    world = stored()
    world.worker("f").leave()
    world.advance(30)
    world = world.restarted()
    world.advance(30)
    world.worker("f")
    assert named(world) == ["no_worker", "crashed", "worker"]
    assert told(world)[-1]["seconds"] == pytest.approx(60)
    world.worker("f")
    assert named(world)[-1] == "worker"


def test_marks_come_in_slices_and_bad_arguments_are_refused() -> None:
    world = stored()
    for name in "abcd":
        world.worker(name).leave()
        world.advance(10)
    assert len(told(world, " limit=2")) == 5
    admin = world.admin()
    assert admin.text("marks limit=no").startswith(b"ERR INVALID_ARGUMENTS")
    assert admin.text("marks state=f").startswith(b"ERR INVALID_ARGUMENTS")


def test_marks_that_are_forgotten_leave_the_store() -> None:
    store = MemoryStore()
    world = World(store=store)
    for _ in range(1003):
        worker = world.worker("f")
        world.advance(1)
        worker.leave()
        world.advance(6)
    world.advance(10)
    assert len(told(world)) == 2001
    world = world.restarted()
    # One more start, and the crash.
    assert len(told(world)) == 2003
    store.close()
    kept = [each for each in store.open().entries if each.kind == b"mark"]
    assert len(kept) == 2003


def test_what_is_no_mark_is_forgotten() -> None:
    store = MemoryStore()
    store.open()
    batch = Batch(1)
    batch.entries[b"mark", b"1"] = b"{}"
    batch.entries[b"mark", b"2"] = b"[]"
    store.commit(batch)
    store.close()
    world = World(store=store)
    assert [each["mark"] for each in told(world)] == ["started"]
    store.close()
    kept = [each.key for each in store.open().entries if each.kind == b"mark"]
    assert kept == [b"1"]
