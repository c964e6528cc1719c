"""What is told of batches, and what is done with all jobs of one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.dialogue import World
from tests.support.linked_jobs import (
    batch_row,
    linking,
    run_next,
    submit_named,
)
from tests.support.stored_engine import rows


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return linking(request.param)


def test_a_batch_may_be_cancelled_and_retried_as_a_whole(world: World) -> None:
    for _ in range(3):
        submit_named(world, "a?batch=x")
    other = submit_named(world, "a")
    run_next(world, "a", None)
    world.admin().text("dead retry all batch=x")
    assert batch_row(world, "x")["left"] == 3
    world.admin().text("cancel jobs batch=x")
    world.advance(0)
    assert batch_row(world, "x")["failed"] == 3
    assert run_next(world, "a")[0] == other


def test_batches_are_listed_the_latest_first() -> None:
    world = linking()
    for name in ("a", "b c", "d"):
        submit_named(world, f"f?batch={name.replace(' ', '%20')}")
    run_next(world, "f")
    admin = world.admin()
    assert [row["name"] for row in rows(admin, "batches")] == ["d", "b c", "a"]
    assert [row["name"] for row in rows(admin, "batches state=open")] == ["d", "b c"]
    assert [row["name"] for row in rows(admin, "batches state=ended")] == ["a"]
    *first, following = rows(admin, "batches limit=2")
    assert [row["name"] for row in first] == ["d", "b c"]
    assert rows(admin, f"batches after={quote(following['after'])}")[0]["name"] == "a"


def test_a_batch_tells_who_waits_for_it() -> None:
    world = linking()
    submit_named(world, "f?batch=x")
    waiting = submit_named(world, "g?after=batch:x&batch=y")
    assert batch_row(world, "x")["waiting"] == [waiting]
    assert batch_row(world, "y")["blocked"] == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("batch", b"ERR INVALID_ARGUMENTS batch takes the names of batches"),
        ("batch none", b"ERR UNKNOWN_BATCH"),
        ("batches state=x", b"ERR INVALID_ARGUMENTS state is open or ended"),
        ("batches limit=x", b"ERR INVALID_ARGUMENTS limit is a number"),
    ],
)
def test_what_cannot_be_told_is_named(line: str, said: bytes) -> None:
    assert linking().admin().text(line).replace(b"+", b" ").startswith(said)
