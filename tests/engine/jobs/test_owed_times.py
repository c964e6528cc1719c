"""Times at which the store took no jobs come once it does."""

from __future__ import annotations

import pytest

from geartrain.engine.model.health import FAILING, OK
from tests.engine.jobs.test_kept_schedules import (
    job_count,
    restarted,
    shown,
    world_with,
)
from tests.support.dialogue import World


def refused(world: World, reason: str = "the server is away") -> None:
    """Have the store refuse what was collected, and be known not to be well."""
    world.engine.state.health.state = FAILING
    world.refuse(reason)


def well_again(world: World) -> None:
    world.engine.state.health.state = OK
    world.commit_all()


def outcomes(world: World) -> list[str | None]:
    return [run["outcome"] for run in reversed(shown(world)["runs"])]


@pytest.mark.parametrize(
    ("missed", "later", "expected"),
    [
        ("once", 2, [None]),
        ("once", 700, [None]),
        ("all", 2, [None] * 3),
        ("all", 700, [None] * 4),
        ("skip", 2, [None]),
        ("skip", 300, ["missed"]),
    ],
)
def test_a_time_whose_job_the_store_refuses_comes_once_that_is_well(
    missed: str, later: float, expected: list[str | None]
) -> None:
    world = world_with(f"every=600 missed={missed}")
    world.is_committing = False
    for _ in range(3):
        world.advance(600)
        refused(world)
    assert (world.engine.state.jobs, shown(world)["runs"]) == ({}, [])
    world.advance(later)
    if later > 600:
        refused(world)
    well_again(world)
    world.advance(2)
    assert outcomes(world) == expected
    jobs = expected.count(None)
    assert job_count(world) == shown(world)["counts"]["submitted"] == jobs
    world.advance(600)
    assert job_count(world) == jobs + 1


def test_a_job_that_is_refused_late_is_owed_all_the_same() -> None:
    world = world_with("every=600 missed=all")
    world.is_committing = False
    world.advance(600)
    batch = world.take()
    for _ in range(30):
        world.advance(600)
    world.settle(batch, "the server is away")
    refused(world)
    well_again(world)
    world.advance(2)
    assert job_count(world) == 31
    world.advance(600)
    assert len(shown(world)["runs"]) == 10


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_time_whose_job_has_ended_when_it_is_refused_is_not_owed(
    is_taken: bool,
) -> None:
    world = world_with("every=600")
    world.is_committing = False
    world.advance(600)
    batch = world.take() if is_taken else None
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(worker.received[-1].arguments[0], b"")
    world.settle(batch or world.take(), "the server is away")
    world.commit_all()
    world.advance(60)
    assert job_count(world) == 0
    assert outcomes(world) == ["succeeded"]


def test_a_time_that_is_owed_is_so_after_a_crash() -> None:
    world = world_with("every=600")
    world.is_committing = False
    world.advance(600)
    refused(world)
    world.commit_all()
    again = restarted(world, 5)
    assert (job_count(again), outcomes(again)) == (1, [None])


def test_a_schedule_that_is_paused_or_has_ended_owes_nothing() -> None:
    world = world_with("every=600")
    world.admin().text("schedule add t function=f every=600")
    world.is_committing = False
    world.advance(600)
    refused(world)
    world.admin().text("schedule pause s")
    world.admin().text("schedule remove t")
    well_again(world)
    world.advance(5)
    assert job_count(world) == 0
    world.admin().text("schedule resume s")
    world.advance(599)
    assert job_count(world) == 0


def test_a_job_that_an_operator_asked_for_is_refused() -> None:
    world = world_with("every=600")
    world.is_committing = False
    admin = world.admin()
    admin.send(b"schedule run s\n")
    refused(world)
    assert admin.received[-1].arguments[0].startswith(b"ERR QUEUE_ERROR")
    assert outcomes(world) == ["refused"]
    well_again(world)
    world.advance(5)
    assert job_count(world) == 0
