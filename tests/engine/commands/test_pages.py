"""Pages of the lists of several job servers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.access import SHOP, TOKENS, rules_of
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


def submit_with_key(world: World, name: bytes, *keys: str) -> None:
    world.admin().text(b"policy %s key_from=/key key_concurrency=1" % name)
    world.advance(0)
    client = world.client()
    for key in keys:
        client.submit_job_bg(name, b"", b'{"key": "%s"}' % key.encode())


@pytest.mark.parametrize("limit", [1, 2, 4, 100])
def test_flow_keys_of_all_are_told_one_after_another(limit: int) -> None:
    worlds = linked()
    # The one that is asked does not know the function.
    submit_with_key(worlds.others["b"], b"f", "x", "y", "y")
    submit_with_key(worlds.others["c"], b"f", "y", "z")
    admin = worlds.first.admin()
    assert worlds.text(admin, "keys f").startswith(b"ERR UNKNOWN_FUNCTION")
    pages = all_pages(worlds, admin, f"all keys f limit={limit}")
    found = sorted((row["key"], row["node"]) for page in pages for row in page)
    assert found == [("x", "b"), ("y", "b"), ("y", "c"), ("z", "c")]
    assert all(len(page) <= limit for page in pages)
    assert worlds.rows(admin, "all keys none") == []


def viewer_of(worlds: LinkedWorlds) -> DialoguePeer:
    """Have rules apply where all are asked; return who may see mail.* there."""
    worlds.first.engine.set_rules(rules_of(SHOP))
    worlds.first.deliver()
    viewer = worlds.first.admin()
    viewer.option_req(b"token:" + TOKENS["viewer"])
    assert viewer.received
    return viewer


def test_flow_keys_are_told_to_who_may_see_their_function() -> None:
    worlds = linked()
    for name in (b"mail.x", b"pay"):
        submit_with_key(worlds.others["b"], name, "x")
    viewer = viewer_of(worlds)
    (row,) = worlds.rows(viewer, "all keys mail.x")
    assert (row["key"], row["node"]) == ("x", "b")
    # Nor can a list be gone on with that could not have been begun.
    for after in ("", " after=nodes:bb="):
        answer = worlds.text(viewer, f"all keys pay{after}")
        assert answer.startswith(b"ERR NOT_ALLOWED"), answer


def test_of_all_job_servers_one_is_told_what_it_may_see() -> None:
    worlds = linked()
    for name in (b"mail.x", b"pay"):
        worlds.others["b"].client().submit_job_bg(name, b"", b"w")
    worlds.others["b"].advance(600)
    viewer = viewer_of(worlds)
    rows = worlds.rows(viewer, "all problems")
    assert [row["function"] for row in rows if "node" in row] == ["mail.x"]
    assert [row["node"] for row in worlds.rows(viewer, "all server")] == ["test"]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_owners_of_all_are_told_one_after_another(limit: int) -> None:
    worlds = linked()
    for world in worlds_of(worlds):
        world.engine.set_rules(rules_of(_LIMITED))
        for address in (b"10.0.1.7", b"10.0.2.7"):
            world.connect(address).submit_job_bg(b"f", b"", b"w")
    pages = all_pages(worlds, worlds.first.admin(), f"all show owners limit={limit}")
    found = [(row["owner"], row.get("node", "")) for page in pages for row in page]
    assert sorted(found) == [
        (owner, node) for owner in ("batch", "web") for node in ("", "b", "c")
    ]
    assert all(len(page) <= limit for page in pages)
    web = worlds.first.connect(b"10.0.1.8")
    rows = worlds.rows(web, "all show owners")
    assert [(row["owner"], row.get("node")) for row in rows] == [
        ("web", None),
        ("web", "b"),
        ("web", "c"),
    ]


_LIMITED = """
[access.web]
address = "10.0.1.0/24"
submit = "*"
see = "f"
max_jobs = 4
[access.batch]
address = "10.0.2.0/24"
submit = "*"
max_jobs = 4
[access.ops]
address = "127.0.0.1"
administer = "*"
"""
