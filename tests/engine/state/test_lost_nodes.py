"""A job server of several that ended without a stop, as its heir sees it."""

from __future__ import annotations

from typing import Any

from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.marks import Mark
from tests.support.dialogue import STEADY_START, World
from tests.support.lanes import LaneStore
from tests.support.stored_engine import listed, rows

# Logs of job servers that share a store have numbers by the time since 2026.
NOW = STEADY_START + 3e7


class Pair:
    """A job server, and another that will leave it its lane."""

    def __init__(self) -> None:
        self.store = LaneStore(1)
        self.heir = World(store=self.store, handle_prefix=b"H:heir", now=NOW)
        self.is_leaving = LaneStore(2, self.store)
        self.mortal = World(
            store=self.is_leaving, handle_prefix=b"H:mortal", now=NOW - 9
        )
        self.live("heir", "mortal")

    def live(self, *names: str, left: float = 10.0) -> None:
        """Have the store tell which job servers share it."""
        now = self.heir.now
        self.heir.engine.state.health.nodes = tuple(
            StoreNode(
                name,
                name.encode(),
                "",
                "",
                0.0,
                now + left,
                (1,),
                False,
                name == "heir",
            )
            for name in names
        )

    def leave(self) -> list[tuple[str, str]]:
        """Have the heir go on with what the other has left; return who left, how."""
        self.store.lanes.add(2)
        self.store.left = self.is_leaving.leave_own()
        inventory = self.store.inventory({2})
        left = self.heir.engine.sharing.adopt(inventory, self.heir.now)
        self.heir.deliver()
        return [(each.node, each.kind) for each in left]

    def lost(self) -> list[dict[str, Any]]:
        """Return the problems about lost job servers."""
        told = rows(self.heir.admin(), "local problems")
        return [each for each in told if each["problem"] == "node_lost"]

    def pass_time(self, seconds: float, *names: str) -> None:
        """Let time pass, and the store tell then which job servers share it."""
        self.heir.advance(seconds)
        self.live("heir", *names)


def test_a_job_server_that_crashed_is_missed_until_it_is_back() -> None:
    pair = Pair()
    assert pair.lost() == []
    assert pair.leave() == [("mortal", "crashed")]
    pair.pass_time(50)
    (problem,) = pair.lost()
    assert problem["text"] == (
        "the job server 'mortal' ended without a stop, or lost the store, 50 s ago, and"
        " is not back"
    )
    assert problem["value"] == 1
    assert "geartrain cluster" in problem["remedy"]

    pair.pass_time(5, "mortal")
    assert pair.lost() == []
    # It then stops in order, and another is its heir: that is no crash.
    pair.pass_time(60)
    assert pair.lost() == []


def test_it_is_missed_although_the_store_was_not_looked_at_since() -> None:
    pair = Pair()
    pair.live("heir", "mortal", left=-0.5)
    pair.leave()
    assert len(pair.lost()) == 1

    pair = Pair()
    # Its process was seen to have died, so its lease was not waited for.
    pair.leave()
    assert pair.lost() == []
    pair.pass_time(3)
    assert len(pair.lost()) == 1


def test_nobody_misses_it_for_longer_than_an_hour() -> None:
    pair = Pair()
    pair.leave()
    pair.pass_time(3590)
    assert len(pair.lost()) == 1
    pair.pass_time(20)
    assert pair.lost() == []


def test_a_stop_in_order_is_no_problem() -> None:
    pair = Pair()
    pair.mortal.engine.keep_clock(pair.mortal.now)
    pair.mortal.deliver()
    assert pair.leave() == [("mortal", "stopped")]
    pair.pass_time(5)
    assert pair.lost() == []


def test_several_are_one_problem() -> None:
    pair = Pair()
    pair.leave()
    for number, name in enumerate(("d", "c", "b"), 1):
        time = pair.heir.wall_time + number
        mark = Mark(10**18 + number, time, "crashed", b"")
        mark.node = name
        pair.heir.engine.state.marks.add(mark)
    pair.pass_time(50)
    (problem,) = pair.lost()
    assert problem["text"].startswith("the job servers 'b', 'c', 'd' and 1 more")
    assert problem["text"].endswith(", and are not back")
    assert problem["value"] == 4


def test_its_own_crash_is_over_when_it_has_started_again() -> None:
    again, other = LaneStore(1), LaneStore(1)
    former = LaneStore(1)
    World(store=former, handle_prefix=b"H:one", now=NOW)
    again.left = other.left = former.leave_own()

    world = World(store=again, handle_prefix=b"H:one", now=NOW + 9)
    told = [each["mark"] for each in listed(world.admin(), "marks")]
    assert told == ["started", "crashed", "started"]
    assert rows(world.admin(), "problems") == []
    # Another that starts in its place misses it.
    world = World(store=other, handle_prefix=b"H:other", now=NOW + 9)
    assert "'one'" in rows(world.admin(), "problems")[0]["text"]


def test_the_cluster_has_a_row_for_what_is_lost() -> None:
    pair = Pair()
    pair.leave()
    pair.pass_time(50)
    _, row = rows(pair.heir.admin(), "cluster")
    assert row == {
        "role": "node",
        "node": "mortal",
        "identity": None,
        "address": None,
        "host": None,
        "state": "lost",
        "since": round(pair.heir.wall_time - 50, 3),
        "lease": 0.0,
        "lanes": [],
    }


def test_many_lives_of_others_hide_neither_its_own_start_nor_a_crash() -> None:
    pair = Pair()
    for number in range(1, 251):
        mark = Mark(10**18 + number, pair.heir.wall_time, "stopped", b"")
        mark.node = "restless"
        pair.heir.engine.state.marks.add(mark)
    assert pair.leave() == [("mortal", "crashed")]
    pair.pass_time(50)
    assert len(pair.lost()) == 1
    marks = listed(pair.heir.admin(), "local marks limit=1000")
    assert [each["mark"] for each in marks if each["node"] == "heir"] == ["started"]
    assert len(marks) == 200
