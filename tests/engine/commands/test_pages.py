"""Pages of the lists of several job servers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.dialogue import DialoguePeer, World
from tests.support.linked_worlds import LinkedWorlds
from tests.support.stored_engine import stored


def linked() -> LinkedWorlds:
    return LinkedWorlds(
        stored(), b=stored(handle_prefix=b"H:b"), c=stored(handle_prefix=b"H:c")
    )


def worlds_of(worlds: LinkedWorlds) -> list[World]:
    return [worlds.first, *worlds.others.values()]


def all_pages(
    worlds: LinkedWorlds, admin: DialoguePeer, line: str
) -> list[list[dict[str, Any]]]:
    """Return the rows of all pages."""
    pages, after = [], ""
    while True:
        rows = worlds.rows(admin, line + after)
        following = rows.pop()["after"] if rows and "after" in rows[-1] else None
        pages.append(rows)
        if following is None:
            return pages
        after = f" after={quote(following)}"


@pytest.mark.parametrize("limit", [1, 2, 4, 7, 100])
def test_pages_of_jobs_have_all_once(limit: int) -> None:
    worlds = linked()
    for number, world in enumerate(worlds_of(worlds)):
        for _ in range(3 * number + 1):
            world.client().submit_job_bg(b"f", b"", b"w")
    pages = all_pages(worlds, worlds.first.admin(), f"all jobs limit={limit}")
    handles = [row["handle"] for page in pages for row in page]
    assert len(handles) == len(set(handles)) == 12
    assert all(len(page) <= limit for page in pages)
    named = {row.get("node") for page in pages for row in page}
    assert named == {None, "b", "c"}


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
    for number, world in enumerate(worlds_of(worlds)):
        for _ in range(number + 1):
            die(world)
    line = f"all dead list limit={limit}{order}"
    pages = all_pages(worlds, worlds.first.admin(), line)
    numbers = [int(row["handle"].split(":")[2]) for page in pages for row in page]
    assert sorted(numbers, reverse=bool(order)) == numbers
    assert sorted(numbers) == [1, 1, 1, 2, 2, 3]
    assert all(len(page) <= limit for page in pages)


@pytest.mark.parametrize("line", ["actions", "marks", "history"])
def test_what_happened_last_comes_first(line: str) -> None:
    worlds = linked()
    for turn in range(3):
        for world in worlds_of(worlds):
            for each in worlds_of(worlds):
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
    pages = all_pages(worlds, admin, f"all {line} limit=2")
    assert sorted(row[key] for page in pages for row in page) == sorted(times)
    assert len(times) >= 7


def test_a_schedule_that_several_have_is_told_once() -> None:
    worlds = linked()
    for world, names in zip(worlds_of(worlds), ("ab", "bc", "b"), strict=True):
        for name in names:
            world.admin().text(f"schedule add {name} function=f every=60")
    admin = worlds.first.admin()
    for line in ("all schedule list", "all schedule list limit=1"):
        pages = all_pages(worlds, admin, line)
        assert [row["name"] for page in pages for row in page] == ["a", "b", "c"]


def test_what_comes_first_is_listed_first() -> None:
    worlds = linked()
    for number, world in enumerate(worlds_of(worlds)):
        when = world.wall_time + 60 - number
        world.client().submit_job_epoch(b"f", b"", b"%d" % when, b"w")
    rows = worlds.rows(worlds.first.admin(), "all upcoming limit=2")
    assert [row.get("node") for row in rows] == ["c", "b"]


@pytest.mark.parametrize(("is_shared", "times"), [(True, 1), (False, 3)])
def test_a_schedule_of_a_shared_store_comes_once(
    *, is_shared: bool, times: int
) -> None:
    worlds = linked()
    worlds.first.engine.state.is_shared = is_shared
    for world in worlds_of(worlds):
        world.admin().text("schedule add daily function=f every=86400")
        world.client().submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 60), b"w")
    rows = worlds.rows(worlds.first.admin(), "all upcoming")
    kinds = [row["kind"] for row in rows]
    assert (kinds.count("job"), kinds.count("schedule")) == (3, times)


def test_a_page_tells_of_a_job_server_that_has_ended_since() -> None:
    worlds = linked()
    for world in worlds_of(worlds):
        for _ in range(2):
            world.client().submit_job_bg(b"f", b"", b"w")
    admin = worlds.first.admin()
    after = worlds.rows(admin, "all jobs limit=3")[-1]["after"]
    links = [link for name, link in worlds.links.items() if name != "b"]
    worlds.first.engine.helping.follow(tuple(links))
    rows = worlds.rows(admin, f"all jobs limit=100 after={quote(after)}")
    assert rows[0]["unanswered"] == "bb"
    assert [row.get("node") for row in rows[1:]] == [None, "c"]
