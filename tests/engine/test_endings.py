"""History that the store keeps: found beside that in memory, and after a restart."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.batches import Batch
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World
from tests.support.kept_endings import kept_serials
from tests.support.stored_engine import (
    DAY,
    bury,
    drain,
    grab,
    listed,
    rows,
    stored,
    submit,
)

WEEK = 7 * DAY


def remembering(**options: Any) -> World:
    """Return a world with a store that remembers jobs of ``f`` for a week."""
    world = stored(**options)
    world.admin().text(f"policy f history={WEEK:.0f}")
    return world


def ends(world: World, filters: str = "") -> list[tuple[str, str]]:
    """Return numbers and outcomes, the latest first."""
    found = listed(world.admin(), f"history{filters}")
    return [(each["handle"].rpartition(":")[2], each["state"]) for each in found]


def do(world: World, *workloads: str, function: str = "f") -> None:
    submit(world.client(), *workloads, function=function.encode())
    drain(world.worker(function))


def test_what_became_of_jobs_is_there_after_a_restart() -> None:
    world = remembering()
    bury(world, world.client(), "a")
    do(world, "b", "c")
    before = listed(world.admin(), "history")
    (story,) = rows(world.admin(), "job H:test:2")
    world = world.restarted()
    assert listed(world.admin(), "history") == before
    assert rows(world.admin(), "job H:test:2") == [story]
    assert [each["state"] for each in before] == ["succeeded", "succeeded", "dead"]
    (why,) = rows(world.admin(), "why H:test:3")
    assert why["state"] == "succeeded"
    (result,) = rows(world.admin(), "result H:test:2")
    assert (result["state"], result["kept"]) == ("succeeded", "none")


def test_functions_that_do_not_ask_for_it_are_remembered_in_memory_alone() -> None:
    world = remembering()
    do(world, "a", function="g")
    do(world, "b")
    assert world.store is not None
    assert len(kept_serials(world.store)) == 1
    assert ends(world) == [("2", "succeeded"), ("1", "succeeded")]
    assert ends(world.restarted()) == [("2", "succeeded")]


def test_later_jobs_come_before_those_of_earlier_lives_in_slices() -> None:
    world = remembering()
    do(world, *"abcde")
    world = world.restarted()
    do(world, *"fgh")
    world = world.restarted()
    do(world, *"ijk")
    everything = [handle for handle, _ in ends(world)]
    assert len(everything) == len(set(everything)) == 11
    for limit in (1, 2, 3, 4, 10, 11, 12):
        assert [handle for handle, _ in ends(world, f" limit={limit}")] == everything


def test_filters_look_into_memory_and_the_store() -> None:
    world = remembering()
    world.client().submit_job_bg(b"f", b"u", b"w")
    drain(world.worker("f"))
    world.policy(b"g", history=WEEK)
    do(world, "x", function="g")
    bury(world, world.client(), "a")
    world = world.restarted()
    world.client().submit_job_bg(b"f", b"u", b"w")
    drain(world.worker("f"))
    everything = ends(world)
    assert len(everything) == 4
    assert ends(world, " unique=u") == [everything[0], everything[3]]
    assert ends(world, " function=g") == [everything[2]]
    assert ends(world, " state=dead") == [everything[1]]
    assert ends(world, " error=nothing") == []
    assert [each["handle"] for each in rows(world.admin(), "job u")] == [
        f"H:test:{everything[0][0]}"
    ]


def test_a_job_is_found_by_its_unique_after_a_restart() -> None:
    world = remembering()
    for unique in (b"u", b"v", b"u"):
        world.client().submit_job_bg(b"f", unique, b"w")
        drain(world.worker("f"))
    world = world.restarted()
    (row,) = rows(world.admin(), "job u")
    assert row["handle"] == "H:test:3"
    (result,) = rows(world.admin(), "result function=f unique=v")
    assert (result["handle"], result["state"]) == ("H:test:2", "succeeded")


def test_it_is_dropped_when_its_time_is_over() -> None:
    world = remembering()
    do(world, "a")
    world.advance(WEEK / 2)
    do(world, "b")
    world.advance(WEEK / 2 + 5)
    assert world.store is not None
    assert len(kept_serials(world.store)) == 1
    world = world.restarted()
    assert ends(world) == [("2", "succeeded")]
    world.advance(WEEK)
    assert world.store is not None
    assert kept_serials(world.store) == []
    assert ends(world) == []


def test_what_memory_has_no_room_for_is_found_in_the_store() -> None:
    world = remembering()
    world.engine.state.history.most = 1000
    do(world, *"abcdefgh")
    assert len(world.engine.state.history) < 8
    assert len(ends(world)) == 8
    assert len(ends(world, " limit=3")) == 8
    (row,) = rows(world.admin(), "job H:test:1")
    assert row["state"] == "succeeded"


def test_a_store_that_cannot_answer_says_so() -> None:
    world = remembering()
    do(world, "a")
    world = world.restarted()
    world.is_committing = False
    admin = world.admin()
    admin.send(b"history\n")
    batch = world.take()
    (query,) = batch.queries
    assert world.store is not None
    world.store.commit(batch)
    query.error = "the disk is gone"
    world.engine.committed(world.now)
    world.deliver()
    (answer,) = admin.received
    assert answer.arguments[0] == b"ERR STORE_ERROR the+disk+is+gone\r\n"


class Full(MemoryStore):
    """A store that has room for jobs alone, once it is full."""

    is_full = False

    def commit(self, batch: Batch) -> None:
        if self.is_full:
            batch.untold, batch.endings = len(batch.endings), []
        super().commit(batch)


def test_the_log_says_that_history_is_not_kept() -> None:
    store = Full()
    world = World(store=store)
    world.admin().text("policy f history=86400")
    store.is_full = True
    do(world, "a")
    assert "history_dropped" in [each.action for each in world.notices()]
    # Memory has it all the same.
    assert len(ends(world)) == 1
    assert ends(world.restarted()) == []


def test_a_refused_batch_gives_its_endings_again() -> None:
    world = remembering()
    submit(world.client(), "a")
    worker = world.worker("f")
    job, _ = grab(worker)
    world.is_committing = False
    worker.work_complete(job, b"")
    batch = world.refuse("no")
    assert len(batch.endings) == 1
    assert world.take().endings == batch.endings


@pytest.mark.parametrize("is_rest_saved", [True, False])
def test_endings_are_given_up_where_only_the_rest_is_saved(is_rest_saved: bool) -> None:
    world = remembering()
    submit(world.client(), "a")
    worker = world.worker("f")
    job, _ = grab(worker)
    world.is_committing = False
    worker.work_complete(job, b"")
    batch = world.take()
    world.engine.refused("full", world.now, is_rest_saved=is_rest_saved)
    told = [each.action for each in world.notices()]
    assert ("history_dropped" in told) == is_rest_saved
    assert (batch.untold == 1) == is_rest_saved


def test_without_a_store_memory_is_all_there_is() -> None:
    world = World()
    world.policy(b"f", history=WEEK)
    do(world, "a")
    assert ends(world) == [("1", "succeeded")]
