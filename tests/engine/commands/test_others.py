"""Text commands over several job servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dialogue import World
from tests.support.lanes import LaneStore
from tests.support.linked_worlds import LinkedWorlds


def submit(world: World, count: int, function: bytes = b"f") -> list[bytes]:
    client = world.client()
    for _ in range(count):
        client.submit_job_bg(function, b"", b"w")
    return [answer.arguments[0] for answer in client.received]


@pytest.fixture
def linked() -> LinkedWorlds:
    """Return two job servers with stores of their own."""
    both = LinkedWorlds(World(), b=World(handle_prefix=b"H:b"))
    submit(both.first, 2)
    submit(both.others["b"], 3)
    return both


@pytest.fixture
def sharing() -> LinkedWorlds:
    """Return two job servers that share a store."""
    store = LaneStore(1)
    second = World(store=LaneStore(2, store))
    return LinkedWorlds(World(store=store), b=second)


def test_those_with_stores_of_their_own_are_only_added_up_by_all(
    linked: LinkedWorlds,
) -> None:
    admin = linked.first.admin()
    assert linked.text(admin, "status") == b"f\t2\t0\t0\n.\n"
    assert linked.asked == []
    assert linked.text(admin, "all status") == b"f\t5\t0\t0\n.\n"
    assert linked.text(admin, "ALL Status") == b"f\t5\t0\t0\n.\n"
    assert linked.text(admin, "local status") == b"f\t2\t0\t0\n.\n"
    assert linked.asked == [b"part status\n", b"part Status\n"]


def test_those_that_share_a_store_are_one(sharing: LinkedWorlds) -> None:
    submit(sharing.first, 2)
    submit(sharing.others["b"], 3)
    admin = sharing.first.admin()
    assert sharing.text(admin, "status") == b"f\t5\t0\t0\n.\n"
    assert sharing.text(admin, "local status") == b"f\t2\t0\t0\n.\n"
    assert sharing.rows(admin, "jobs")
    # What the store has for all is changed at one of them.
    assert sharing.text(admin, "pause f") == b"OK\r\n"
    assert sharing.asked == [b"part status\n", b"part jobs limit=50\n"]


def test_a_part_asks_nobody(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    assert linked.text(admin, "part status") == b"f\t2\t0\t0\n.\n"
    assert linked.text(admin, "part job H:b:1").startswith(b"ERR UNKNOWN_JOB")
    assert linked.asked == []


def test_commands_about_one_job_server_stay_there(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    for line in ("all version", "all getpid", "all store", "all cluster"):
        assert linked.text(admin, line)
    assert linked.asked == []


def test_what_is_about_job_servers_is_of_all_only_if_they_are_asked(
    sharing: LinkedWorlds,
) -> None:
    admin = sharing.first.admin()
    for line in ("server", "show owners", "local server", "part problems"):
        sharing.rows(admin, line)
    assert sharing.text(admin, "keys f").startswith(b"ERR UNKNOWN_FUNCTION")
    assert sharing.asked == []
    assert len(sharing.rows(admin, "all server")) == 2
    assert sharing.asked == [b"part server\n"]


def test_each_job_server_says_what_it_is_doing(linked: LinkedWorlds) -> None:
    state = linked.others["b"].engine.state
    state.options = replace(state.options, told=(("http", "", "default"),))
    admin = linked.first.admin()
    rows = linked.rows(admin, "all server")
    assert [(row["node"], row["waiting"]) for row in rows] == [("test", 2), ("b", 3)]
    (option,) = linked.rows(admin, "all server options")
    assert (option["option"], option["node"]) == ("http", "b")


def test_problems_are_of_all_that_share_a_store(sharing: LinkedWorlds) -> None:
    for world in (sharing.first, sharing.others["b"]):
        submit(world, 1)
        world.advance(600)
    admin = sharing.first.admin()
    found = [row.get("node") for row in sharing.rows(admin, "problems")]
    assert found == [None, "b"]
    assert [row.get("node") for row in sharing.rows(admin, "local problems")] == [None]


def test_problems_of_all_name_whose_they_are(linked: LinkedWorlds) -> None:
    submit(linked.others["b"], 1, b"g")
    for world in (linked.first, linked.others["b"]):
        world.advance(600)
    admin = linked.first.admin()
    rows = linked.rows(admin, "all problems limit=1")
    found = [(row["problem"], row["function"], row.get("node")) for row in rows]
    assert ("no_worker", "f", None) in found
    # With a limit each tells of the functions that have most of a problem.
    assert ("no_worker", "f", "b") in found
    assert ("no_worker", "g", "b") not in found
    linked.silent.add("b")
    first = linked.rows(admin, "all problems")[0]
    assert (first["unanswered"], first["reason"]) == ("b", "it was silent")


def test_settings_are_made_at_each_if_all_are_asked(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    assert linked.text(admin, "pause f") == b"OK\r\n"
    assert linked.asked == []
    assert linked.text(admin, "all pause g") == b"OK\r\n"
    assert linked.asked == [b"part pause g\n"]


def test_what_cannot_be_asked_is_refused_at_once(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    for line in (
        "all jobs bogus=1",
        "all jobs limit=0",
        "all jobs after=x",
        "all statistics sort=bogus",
        "all dead list after=nodes:x",
        "all cancel jobs function=f after=x",
    ):
        assert linked.text(admin, line).startswith(b"ERR INVALID_ARGUMENTS"), line
    assert linked.asked == []


def test_a_word_before_nothing_is_no_command(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    assert linked.text(admin, "all").startswith(b"ERR UNKNOWN_COMMAND")
    assert linked.text(admin, "all bogus").startswith(b"ERR UNKNOWN_COMMAND")
    assert linked.text(admin, "local local status").startswith(b"ERR UNKNOWN_COMMAND")
