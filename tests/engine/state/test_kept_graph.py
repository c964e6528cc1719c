"""What the store keeps of batches and of jobs that wait, and how little of it."""

from __future__ import annotations

import json
from typing import Any

from geartrain.engine.batches import Batch
from geartrain.engine.records import Entry
from tests.support.dialogue import World
from tests.support.linked_jobs import (
    linking,
    restarted_linking,
    run_next,
    submit_named,
    why_not,
)
from tests.support.stored_engine import grab

KINDS = (b"successor", b"successor outcome", b"source end")


def kept(world: World) -> list[Entry]:
    """Return the entries of jobs that wait; the world ends."""
    assert world.store is not None
    world.is_committing = False
    world.store.close()
    entries = world.store.open().entries
    return [each for each in entries if each.kind in KINDS]


def test_what_sources_came_to_outlasts_a_restart_after_each() -> None:
    world = linking()
    sources = [submit_named(world, "a") for _ in range(4)]
    done = submit_named(world, f"b?after={','.join(sources)}&when=done", b"")
    for number in range(4):
        world = restarted_linking(world)
        assert run_next(world, "b") == ("", "")
        assert f"waits for {4 - number} of 4 jobs" in why_not(world, done)
        run_next(world, "a", None if number == 2 else b"result %d" % number)
    world = restarted_linking(world)
    job, workload = run_next(world, "b")
    told = json.loads(workload)
    assert job == done
    assert [each["handle"] for each in told] == sources
    assert [each["result"] for each in told] == [
        "result 0",
        "result 1",
        None,
        "result 3",
    ]


def test_an_end_costs_what_is_new_of_those_that_wait_for_it() -> None:
    world = linking(100)
    sources = [submit_named(world, "a") for _ in range(50)]
    for _ in range(20):
        submit_named(world, f"b?after={','.join(sources)}", b"")
    assert world.store is not None
    commit, written = world.store.commit, [0]

    def weigh(batch: Batch) -> Any:
        written[0] += sum(len(value or b"") for value in batch.entries.values())
        return commit(batch)

    world.store.commit = weigh  # type: ignore[method-assign]
    run_next(world, "a")
    assert 0 < written[0] < 20 * 150
    for _ in sources[1:]:
        run_next(world, "a")
    for _ in range(20):
        _, workload = run_next(world, "b")
        assert len(json.loads(workload)) == 50
    assert kept(world) == []


def test_many_that_wait_for_a_large_result_are_told_in_turns() -> None:
    world = linking(100)
    first = submit_named(world, "a")
    waiting = [submit_named(world, f"b?after={first}", b"") for _ in range(60)]
    result = b"r" * 60_000
    worker = world.worker("a")
    world.is_committing = False
    job, _ = grab(worker)
    worker.work_complete(job, result)
    graph = world.engine.state.graph
    assert len(graph.waiting[first.encode()]) == 60
    # A crash when some have been told loses none, and tells none twice.
    world.is_committing = True
    world.deliver()
    world.engine.tick(world.now)
    assert 0 < len(graph.waiting[first.encode()]) < 60
    world.deliver()
    world.is_committing = False
    assert world.store is not None
    world.store.close()
    world = World(store=world.store, window=100, now=world.now)
    while world.engine.state.graph.has_news():
        world.engine.tick(world.now)
        world.deliver()
    found = [run_next(world, "b") for _ in waiting]
    assert sorted(found) == sorted((each, result.decode()) for each in waiting)
    assert kept(world) == []


def test_an_entry_that_cannot_be_read_is_told() -> None:
    world = linking()
    first = submit_named(world, "f?batch=x")
    second = submit_named(world, f"g?after={first}")
    assert world.store is not None
    broken = Batch(1)
    broken.entries[b"batch", b"x"] = b"{}"
    broken.entries[b"successor", b"2"] = b"\xff"
    world.store.commit(broken)
    world = restarted_linking(world)
    said = [each.text for each in world.notices() if each.action == "entry_unreadable"]
    assert len(said) == 2
    assert "geartrain run" in why_not(world, second)
    world.admin().text(f"run {second}")
    assert run_next(world, "g")[0] == second
