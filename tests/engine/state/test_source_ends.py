"""What ends of jobs and batches mean for the jobs that wait for them."""

from __future__ import annotations

import pytest

from tests.support.dialogue import World
from tests.support.linked_jobs import (
    linking,
    restarted_linking,
    run_next,
    status_of,
    submit_named,
    why_not,
)
from tests.support.stored_engine import counts


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return linking(request.param)


def test_a_dead_letter_may_succeed_yet(world: World) -> None:
    other, first = submit_named(world, "c"), submit_named(world, "a")
    second = submit_named(world, f"b?after={other},{first}")
    run_next(world, "a", None)
    assert status_of(world, second) == "blocked"
    assert why_not(world, second) == (
        f"it waits for 2 of 2 jobs: {first} is a dead letter, which it waits to be"
        " retried"
    )
    run_next(world, "c")
    world = restarted_linking(world)
    world.admin().text(f"dead retry {first}")
    run_next(world, "a")
    assert run_next(world, "b") == (second, "w")


def test_it_is_cancelled_when_a_dead_letter_is_dropped(world: World) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}")
    third = submit_named(world, f"c?after={second}")
    run_next(world, "a", None)
    world.admin().text(f"dead drop {first}")
    world.advance(0)
    assert [status_of(world, each) for each in (second, third)] == ["cancelled"] * 2
    assert "dropped" in world.notices()[-2].text
    assert counts(world, "b") == counts(world, "c") == (0, 0)


def test_it_is_cancelled_when_what_it_waits_for_is(world: World) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}")
    world.admin().text(f"cancel job {first}")
    world.advance(0)
    assert status_of(world, second) == "cancelled"


def test_it_may_run_whichever_way_others_end(world: World) -> None:
    first = submit_named(world, "a")
    second = submit_named(world, f"b?after={first}&when=done", b"")
    run_next(world, "a", None)
    assert run_next(world, "b")[0] == second


def test_it_may_run_when_another_fails_and_only_then(world: World) -> None:
    first, second = submit_named(world, "a"), submit_named(world, "a")
    on_failure = submit_named(world, f"b?after={first},{second}&when=failure")
    run_next(world, "a")
    run_next(world, "a", None)
    assert run_next(world, "b")[0] == on_failure
    third = submit_named(world, "a")
    other = submit_named(world, f"b?after={third}&when=failure")
    run_next(world, "a")
    world.advance(0)
    assert status_of(world, other) == "cancelled"
