"""What a store's lease has the engine do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from geartrain.server.lease import LeaseKeeper
from tests.support.dialogue import STEADY_START, World
from tests.support.lanes import LaneStore
from tests.support.stored_engine import counts, drain, grab, submit


class Clock:
    """A steady clock that a test sets.

    Attributes:
        now: what it says.
    """

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def kept(
    work: Callable[[World, LaneStore, LeaseKeeper, Clock], None],
    now: float = STEADY_START,
) -> None:
    """Run a test on an event loop, with an engine whose store has a lease."""

    async def run() -> None:
        store, clock = LaneStore(1), Clock()
        world = World(store=store, now=now)
        keeper = LeaseKeeper(world.engine, store, clock)
        try:
            work(world, store, keeper, clock)
        finally:
            keeper.stop()

    asyncio.run(run())


def test_jobs_wait_near_the_end_of_a_lease_and_go_on_when_it_is_renewed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def work(world: World, store: LaneStore, keeper: LeaseKeeper, clock: Clock) -> None:
        submit(world.client(), "a", "b")
        worker = world.worker("f")
        store.lease_until = 110.0
        keeper.look()
        assert grab(worker)[1] == "a"

        clock.now = 109.5
        keeper.look()
        keeper.look()
        world.deliver()
        assert grab(worker) == (b"", "")

        store.lease_until = 119.5
        keeper.look()
        world.deliver()
        assert grab(worker)[1] == "b"

    with caplog.at_level(logging.WARNING):
        kept(work)
    told = [getattr(each, "action", "") for each in caplog.records]
    assert told == ["lease_ended", "lease_renewed"]


def test_a_lease_that_nobody_renews_ends_by_itself() -> None:
    async def run() -> None:
        store = LaneStore(1)
        world = World(store=store)
        loop = asyncio.get_running_loop()
        keeper = LeaseKeeper(world.engine, store, loop.time)
        store.lease_until = loop.time() + 1.05
        keeper.look()
        was_fenced = world.engine.state.is_fenced
        await asyncio.sleep(0.1)
        assert (was_fenced, world.engine.state.is_fenced) == (False, True)
        keeper.stop()

    asyncio.run(run())


def test_what_another_job_server_left_is_gone_on_with_once() -> None:
    def work(world: World, store: LaneStore, keeper: LeaseKeeper, clock: Clock) -> None:
        other = LaneStore(2, store)
        submit(World(store=other).client(), "a", "b")
        store.lanes.add(2)
        store.adopted = (store.inventory({2}),)
        keeper.look()
        keeper.look()
        world.deliver()
        assert counts(world) == (2, 0)
        assert drain(world.worker("f")) == "a b"

    kept(work)


def test_the_log_names_who_left_and_how(caplog: pytest.LogCaptureFixture) -> None:
    def work(world: World, store: LaneStore, keeper: LeaseKeeper, clock: Clock) -> None:
        for lane, name in ((2, "jobs2"), (3, "jobs\n3")):
            other = LaneStore(lane, store)
            left = World(
                store=other, handle_prefix=f"H:{name}".encode(), now=1e8 + lane
            )
            if lane == 3:
                left.engine.keep_clock(left.now)
                left.deliver()
            else:
                submit(left.client(), "a", "b")
            store.inherit(other)
            keeper.look()
        world.deliver()

    with caplog.at_level(logging.INFO):
        kept(work, now=1e8)
    told = [
        each for each in caplog.records if getattr(each, "action", "") == "jobs_adopted"
    ]
    assert [(each.levelname, each.getMessage()) for each in told] == [
        (
            "WARNING",
            "the job server jobs2 (crashed) has left 2 jobs, which this one has now",
        ),
        ("INFO", "the job server jobs\\n3 (stopped) has left no jobs"),
    ]


def test_a_lease_that_was_lost_is_told_once() -> None:
    lost: list[bool] = []

    def work(world: World, store: LaneStore, keeper: LeaseKeeper, clock: Clock) -> None:
        submit(world.client(), "a")
        keeper.on_lost = lambda: lost.append(True)
        store.is_lost = True
        keeper.look()
        keeper.look()
        assert grab(world.worker("f")) == (b"", "")

    kept(work)
    assert lost == [True]


def test_a_store_of_its_own_has_no_lease() -> None:
    def work(world: World, store: LaneStore, keeper: LeaseKeeper, clock: Clock) -> None:
        clock.now = 1e12
        keeper.look()
        assert not world.engine.state.is_fenced

    kept(work)
