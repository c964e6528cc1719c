"""Jobs that were kept when there was more memory, and are too large for it now."""

from __future__ import annotations

import pytest

from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import WALL_START, World, job_created
from tests.support.stored_engine import counts, drain, read_rows

LIMIT = 1_000_000
LARGE = LIMIT // 4 + 1
JOBS = 9


@pytest.fixture(params=[1, 4])
def before(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs of which some are large, and its limit is not."""
    world = World(store=MemoryStore(), window=request.param)
    client = world.client()
    for number in range(1, JOBS + 1):
        size = LARGE if number in (1, 2, 5, JOBS) else 1
        client.submit_job_bg(b"f", b"u%d" % number, b"%d" % number * size)
    return world


def limited(before: World) -> World:
    """Return the world after a restart with less memory."""
    world = before.restarted()
    world.engine.memory.limit_to(LIMIT)
    world.engine.state.weigh()
    return world


def test_they_are_left_in_the_store_and_block_nobody(before: World) -> None:
    # The first page is asked for before the limit is set here.
    world = limited(before)
    worker = world.worker("f")
    done = drain(worker).split()
    assert [each for each in done if len(each) == 1] == ["3", "4", "6", "7", "8"]
    named = [note.text for note in world.notices() if note.action == "job_oversized"]
    assert len(named) == len(set(named)) == JOBS - len(done)
    assert any(
        "job 9 of 'f' is larger than a quarter of --max-memory" in t for t in named
    )
    assert counts(world) == (JOBS - len(done), 0)
    again = world.restarted()
    assert len(drain(again.worker("f")).split()) == JOBS - len(done)
    assert counts(again) == (0, 0)


def test_they_are_listed_joined_and_cancelled(before: World) -> None:
    world = limited(before)
    drain(world.worker("f"))
    admin = world.admin()
    (row,) = read_rows(admin.text("jobs unique=u9"))
    assert row["size"] == LARGE
    client, kept = world.client(), counts(world)[0]
    client.submit_job_bg(b"f", b"u9", b"")
    assert client.received == [job_created(b"H:test:9")]
    assert counts(world)[0] == kept
    assert admin.text("cancel job H:test:9") == b"OK\r\n"
    assert admin.text("jobs unique=u9") == b".\n"
    assert counts(world)[0] == kept - 1
    again = world.restarted()
    assert "9" not in {each[0] for each in drain(again.worker("f")).split()}
    assert counts(again) == (0, 0)


def test_delayed_ones_are_left_too() -> None:
    before = World(store=MemoryStore(), window=1)
    client = before.client()
    for number, size in enumerate((1, LARGE, 1, LARGE), 1):
        when = b"%d" % (WALL_START + 60 + number)
        client.submit_job_epoch(b"f", b"", when, b"%d" % number * size)
    world = limited(before)
    world.advance(120)
    assert drain(world.worker("f")).split() == ["1", "3"]
    named = [note.text for note in world.notices() if note.action == "job_oversized"]
    assert len(named) == 2
