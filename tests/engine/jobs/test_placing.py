"""Where a job that is to wait goes."""

from __future__ import annotations

import pytest

from geartrain.engine.model.jobs import PAGED, READY, SCHEDULED
from tests.support.dialogue import World
from tests.support.stored_engine import drain, numbers_in_memory, stored, submit


def states(world: World) -> list[str]:
    jobs = sorted(world.engine.state.jobs.values(), key=lambda job: job.number)
    return [job.state.name for job in jobs]


@pytest.mark.parametrize(("window", "in_memory"), [(2, 2), (10, 3)])
def test_a_kept_job_waits_in_memory_where_there_is_room(
    window: int, in_memory: int
) -> None:
    world = stored(window)
    submit(world.client(), "a", "b", "c")
    assert len(numbers_in_memory(world)) == in_memory
    assert drain(world.worker("f")) == "a b c"


def test_one_that_no_store_keeps_waits_in_memory_however_many_there_are() -> None:
    world = World(window=1)
    submit(world.client(), "a", "b", "c")
    assert states(world) == [READY.name] * 3


def test_one_that_somebody_waits_for_waits_in_memory() -> None:
    world = stored(1)
    submit(world.client(), "a", "b")
    world.client().submit_job(b"f", b"", b"now")
    assert states(world) == [READY.name] * 2
    assert PAGED.name not in states(world)


def test_a_policy_delays_what_is_not_delayed_longer_anyway() -> None:
    world = stored()
    world.policy(b"f", delay=5.0)
    submit(world.client(), "a")
    assert states(world) == [SCHEDULED.name]
    world.advance(5)
    assert states(world) == [READY.name]
