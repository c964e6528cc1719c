"""Merging: pages of lists whose rows have an order that counts everywhere."""

from __future__ import annotations

from math import inf

import pytest

from geartrain.engine.model.health import StoreNode
from tests.support.dialogue import World
from tests.support.linked_worlds import LinkedWorlds
from tests.support.stored_engine import stored


def linked() -> LinkedWorlds:
    return LinkedWorlds(
        stored(), b=stored(handle_prefix=b"H:b"), c=stored(handle_prefix=b"H:c")
    )


def die(world: World, function: bytes = b"f") -> None:
    """Have a job become a dead letter."""
    worker = world.worker(function.decode())
    world.client().submit_job_bg(function, b"", b"w")
    worker.grab_job()
    worker.work_fail(worker.received[-1].arguments[0])
    worker.leave()


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize("order", ["", " order=newest"])
def test_dead_letters_are_merged_by_number(limit: int, order: str) -> None:
    worlds = linked()
    for number, world in enumerate(worlds.all()):
        for _ in range(number + 1):
            die(world)
    line = f"all dead list limit={limit}{order}"
    pages = worlds.pages(worlds.first.admin(), line)
    numbers = [int(row["handle"].split(":")[2]) for page in pages for row in page]
    assert sorted(numbers, reverse=bool(order)) == numbers
    assert sorted(numbers) == [1, 1, 1, 2, 2, 3]
    assert all(len(page) <= limit for page in pages)


@pytest.mark.parametrize("line", ["actions", "marks", "history"])
def test_what_happened_last_comes_first(line: str) -> None:
    worlds = linked()
    for turn in range(3):
        for world in worlds.all():
            for each in worlds.all():
                each.advance(1)
            world.admin().text(f"policy f ttl={turn + 1}")
            world.worker(f"f{turn}").leave()
            client = world.client()
            client.submit_job_bg(b"f", b"", b"w")
            world.admin().text(b"cancel job " + client.received[0].arguments[0])
    admin = worlds.first.admin()
    key = {"history": "ended"}.get(line, "time")
    rows = worlds.rows(admin, f"all {line} limit=1000")
    times = [row[key] for row in rows]
    assert times == sorted(times, reverse=True)
    pages = worlds.pages(admin, f"all {line} limit=2")
    assert sorted(row[key] for page in pages for row in page) == sorted(times)
    assert len(times) >= 7


def share(worlds: LinkedWorlds, *names: str) -> None:
    """Have the first share its store with some of the others."""
    state = worlds.first.engine.state
    state.is_shared = bool(names)
    state.health.nodes = tuple(
        StoreNode(name, name.encode() * 2, "", "", 0.0, inf, (1,), False, False)
        for name in names
    )


@pytest.mark.parametrize(
    ("sharing", "names_told"), [("bc", "abc"), ("b", "abbc"), ("", "abbbc")]
)
def test_a_schedule_that_several_have_is_told_once(
    sharing: str, names_told: str
) -> None:
    worlds = linked()
    for world, names in zip(worlds.all(), ("ab", "bc", "b"), strict=True):
        for name in names:
            world.admin().text(f"schedule add {name} function=f every=60")
    admin = worlds.first.admin()
    share(worlds, *sharing)
    for limit in ("", " limit=1", " limit=2", " limit=3"):
        pages = worlds.pages(admin, "all schedule list" + limit)
        assert "".join(row["name"] for page in pages for row in page) == names_told


def test_what_comes_first_is_listed_first() -> None:
    worlds = linked()
    for number, world in enumerate(worlds.all()):
        when = world.wall_time + 60 - number
        world.client().submit_job_epoch(b"f", b"", b"%d" % when, b"w")
    rows = worlds.rows(worlds.first.admin(), "all upcoming limit=2")
    assert [row.get("node") for row in rows] == ["c", "b"]


@pytest.mark.parametrize(("sharing", "times"), [("bc", 1), ("b", 2), ("", 3)])
def test_a_schedule_of_a_shared_store_comes_once(sharing: str, times: int) -> None:
    worlds = linked()
    share(worlds, *sharing)
    for world in worlds.all():
        world.admin().text("schedule add daily function=f every=86400")
        world.client().submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 60), b"w")
    rows = worlds.rows(worlds.first.admin(), "all upcoming")
    kinds = [row["kind"] for row in rows]
    assert (kinds.count("job"), kinds.count("schedule")) == (3, times)
