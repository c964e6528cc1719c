"""Who is asked, and what is told of who does not answer."""

from __future__ import annotations

import pytest

from geartrain.engine.commands.inquiring import others_of
from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.links import CONNECTED, CONNECTING, ITSELF, LinkReport
from tests.support.access import SHOP, rules_of
from tests.support.dialogue import World
from tests.support.linked_worlds import LinkedWorlds


def store_node(name: str, *, is_self: bool = False) -> StoreNode:
    return StoreNode(
        name, name.encode() * 2, "", "host", 0.0, 1e9, (1,), is_self, is_self
    )


def link(name: str, state: str) -> LinkReport:
    found = LinkReport(f"{name}:4730", name.encode() * 2, name.encode())
    found.state = state
    return found


def told(world: World) -> list[tuple[str, bool, str]]:
    return [
        (each.name.decode(), each.link is not None, each.error)
        for each in others_of(world.engine.state)
    ]


def test_links_are_asked_that_are_connected(world: World) -> None:
    stranger = LinkReport("c:4730")
    stranger.state = CONNECTED
    links = (link("a", CONNECTED), link("b", CONNECTING), link("d", ITSELF), stranger)
    world.engine.helping.follow(links)
    assert told(world) == [("a", True, ""), ("b", False, "it has not been reached yet")]


def test_of_a_store_that_is_shared_its_table_tells_who_is_there(world: World) -> None:
    state = world.engine.state
    state.is_shared = True
    state.health.nodes = (store_node("o", is_self=True), store_node("a"))
    assert told(world) == [("a", False, "there is no link to it")]
    world.engine.helping.follow((link("a", CONNECTED), link("gone", CONNECTING)))
    assert told(world) == [("a", True, "")]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("all status", b"#unanswered:b\t0\t0\t0\n"),
        ("all prioritystatus", b"#unanswered:b\t0\t0\t0\t0\n"),
        ("all workers", b"0 - #unanswered:b :\n"),
        ("all show jobs", b"#unanswered:b\t0\t0\t0\n"),
        ("all show unique jobs", b"#unanswered:b\n"),
        ("all show schedules", b"#unanswered:b\t\t\t\t0\n"),
        (
            "all jobs",
            b'{"unanswered": "b", "address": "b:4730", "reason": "refused"}\n',
        ),
        ("all dead list", b'{"unanswered": "b"'),
        ("all counters", b'{"unanswered": "b"'),
        ("all statistics", b'{"unanswered": "b"'),
    ],
)
def test_a_list_begins_with_whose_rows_are_missing(line: str, first: bytes) -> None:
    linked = LinkedWorlds(World(), b=World())
    linked.lose("b")
    assert linked.text(linked.first.admin(), line).startswith(first)
    assert linked.asked == []


def test_one_that_refuses_is_missing() -> None:
    linked = LinkedWorlds(World(), b=World())
    linked.others["b"].engine.set_rules(rules_of(SHOP))
    (row,) = linked.rows(linked.first.admin(), "all jobs")
    assert row["unanswered"] == "b"
    assert "may not see anything" in row["reason"]
