"""Workers of Geartrain that fall silent with jobs in hand are a problem."""

from __future__ import annotations

from typing import Any

from tests.support.dialogue import DialoguePeer, World
from tests.support.stored_engine import grab, rows, stored, submit


def busy(world: World, *, has_handles: bool) -> DialoguePeer:
    """Return a worker that runs a job."""
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.set_client_id(b"ann")
    if has_handles:
        worker.option_req(b"handles")
        worker.received  # noqa: B018 - takes the answer
    grab(worker)
    return worker


def silent(world: World) -> list[dict[str, Any]]:
    """Return what is said of silent workers."""
    world.engine.look_for_problems()
    world.advance(0)
    found = rows(world.admin(), "problems")
    return [row for row in found if row["problem"] == "silent_worker"]


def test_a_worker_that_has_a_job_and_says_nothing_is_a_problem() -> None:
    world = stored()
    worker = busy(world, has_handles=True)
    world.advance(299)
    assert silent(world) == []
    world.advance(2)
    (row,) = silent(world)
    assert "worker ann 127.0.0.1 has said nothing for 301 seconds" in row["text"]
    assert "1 job in hand" in row["text"]
    busy(world, has_handles=True)
    world.advance(400)
    (row,) = silent(world)
    assert "and 1 other have said nothing" in row["text"]
    assert row["value"] == 2
    worker.echo_req(b"here")
    assert silent(world)[0]["value"] == 1


def test_other_workers_may_say_nothing_for_hours() -> None:
    world = stored()
    busy(world, has_handles=False)
    world.sleeper("g").option_req(b"handles")
    world.advance(9_000)
    assert silent(world) == []
