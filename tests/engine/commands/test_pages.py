"""Pages of the lists of several job servers."""

from __future__ import annotations

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


@pytest.mark.parametrize("limit", [1, 2, 4, 7, 100])
def test_pages_of_jobs_have_all_once(limit: int) -> None:
    worlds = linked()
    for number, world in enumerate(worlds.all()):
        for _ in range(3 * number + 1):
            world.client().submit_job_bg(b"f", b"", b"w")
    pages = worlds.pages(worlds.first.admin(), f"all jobs limit={limit}")
    handles = [row["handle"] for page in pages for row in page]
    assert len(handles) == len(set(handles)) == 12
    assert all(len(page) <= limit for page in pages)
    named = {row.get("node") for page in pages for row in page}
    assert named == {None, "b", "c"}


def test_a_page_tells_of_a_job_server_that_has_ended_since() -> None:
    worlds = linked()
    for world in worlds.all():
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
    pages = worlds.pages(admin, f"all keys f limit={limit}")
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
    for world in worlds.all():
        world.engine.set_rules(rules_of(_LIMITED))
        for address in (b"10.0.1.7", b"10.0.2.7"):
            world.connect(address).submit_job_bg(b"f", b"", b"w")
    pages = worlds.pages(worlds.first.admin(), f"all show owners limit={limit}")
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
