"""What is set of schedules at one job server holds at all of a store.

How policies and functions are followed is in ``state/test_overrides.py``.
"""

from __future__ import annotations

from typing import Any

from geartrain.engine.inventory import LANES
from geartrain.engine.model.settings import Value
from geartrain.engine.records import COMMON_KINDS, Entry
from geartrain.server.cron import calendar
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World
from tests.support.lanes import LaneStore
from tests.support.stored_engine import counts, rows

Entries = dict[tuple[bytes, bytes], bytes | None]

FILE: dict[bytes, dict[str, Value]] = {b"s": {"function": "f", "every": 600.0}}


def started(store: LaneStore) -> World:
    world = World(calendar("UTC"), store=store)
    world.engine.set_schedules(FILE)
    world.deliver()
    return world


def pair() -> tuple[World, World]:
    """Return two worlds with one store and one file; the first leads."""
    first = LaneStore(1)
    worlds = started(first), started(LaneStore(2, first))
    worlds[1].engine.sharing.lead(is_leading=False)
    return worlds


def common(world: World) -> Entries:
    assert isinstance(world.store, LaneStore)
    return {
        (each.kind, each.key): each.value
        for each in world.store.leave()
        if each.kind in COMMON_KINDS
    }


def schedule_kinds(world: World) -> set[bytes]:
    """Return the kinds of entries about schedules that a world has kept."""
    assert isinstance(world.store, LaneStore)
    kinds = {each.kind for each in world.store.leave()}
    return {each for each in kinds if b"schedule" in each or b"progress" in each}


def follow(world: World, entries: Entries) -> None:
    world.engine.sharing.follow(entries, world.now)
    world.deliver()


def shown(world: World) -> dict[str, Any]:
    return rows(world.admin(), "schedule show s")[0]


def test_a_schedule_that_is_paused_elsewhere_submits_nothing_until_it_is_resumed() -> (
    None
):
    leading, other = pair()
    assert other.admin().text("schedule pause s") == b"OK\r\n"
    told = common(other)
    assert [*told] == [(b"shared-schedule", b"s")]
    follow(leading, told)
    assert shown(leading)["state"] == "paused"
    leading.advance(1300)
    assert counts(leading)[0] == 0
    other.admin().text("schedule resume s")
    follow(leading, common(other) or dict.fromkeys(told))
    leading.advance(610)
    assert counts(leading)[0] == 1


def test_other_times_hold_everywhere_and_are_taken_back() -> None:
    leading, other = pair()
    other.admin().text("schedule change s every=60")
    told = common(other)
    follow(leading, told)
    leading.advance(130)
    assert counts(leading)[0] == 2
    assert shown(leading)["changed"] == ["every"]
    follow(leading, dict.fromkeys(told))
    assert shown(leading)["changed"] == []
    leading.advance(130)
    assert counts(leading)[0] == 2


def test_who_starts_later_has_it_and_what_is_not_in_its_file_is_left_alone() -> None:
    leading, other = pair()
    leading.admin().text("schedule pause s")
    leading.admin().text("schedule add t function=g every=60")
    late = World(calendar("UTC"))
    late.engine.set_schedules(FILE)
    late.store = other.store
    assert isinstance(late.store, LaneStore)
    inventory = late.store.inventory({2})
    assert isinstance(leading.store, LaneStore)
    inventory.entries = [
        each for each in leading.store.leave() if each.kind in COMMON_KINDS
    ]
    inventory.entries.append(Entry(b"shared-schedule", b"unknown", b'{"every": 60}'))
    inventory.stride, inventory.reserved = LANES, 2
    late.engine.resume(inventory, late.now, keeps_jobs=True, holds=True)
    late.deliver()
    assert shown(late)["state"] == "paused"
    names = [each["name"] for each in rows(late.admin(), "schedule list")]
    assert names == ["s", "t"]


def test_a_schedule_that_is_added_at_one_is_everybodys() -> None:
    leading, other = pair()
    assert other.admin().text("schedule add t function=g every=60") == b"OK\r\n"
    other.advance(130)
    leading.advance(130)
    follow(leading, common(other))
    leading.advance(130)
    assert (counts(leading, "g")[0], counts(other, "g")[0]) == (2, 0)
    said = leading.admin().text("schedule add t function=g every=60")
    assert b"there+is+a+schedule" in said
    leading.admin().text("schedule remove t")
    follow(other, {(b"shared-schedule", b"t"): None})
    for world in (leading, other):
        assert [each["name"] for each in rows(world.admin(), "schedule list")] == ["s"]
    assert common(leading) == {}
    leading.advance(130)
    assert counts(leading, "g")[0] == 2


def test_how_far_it_has_come_is_kept_by_the_one_that_leads() -> None:
    leading, other = pair()
    for world in (leading, other):
        world.admin().text("schedule add t function=g every=60")
        world.advance(130)
        world.admin().text("schedule skip s")
    assert schedule_kinds(leading) == {b"shared-schedule", b"shared-progress"}
    assert schedule_kinds(other) == {b"shared-schedule"}


def test_what_was_set_while_nobody_shared_the_store_is_everybodys_then() -> None:
    store = LaneStore(1)
    alone = World(calendar("UTC"), store=MemoryStore())
    alone.admin().text("schedule add t function=g every=60")
    alone.advance(70)
    assert isinstance(alone.store, MemoryStore)
    inventory = store.open()
    alone.store.close()
    inventory.entries = alone.store.open().entries
    later = World(calendar("UTC"), now=alone.now)
    later.store = store
    later.engine.resume(inventory, later.now, keeps_jobs=True, holds=True)
    later.deliver()
    assert schedule_kinds(later) == {b"shared-schedule", b"shared-progress"}
    assert len(rows(later.admin(), "schedule show t")[0]["runs"]) == 1


def test_what_is_set_where_nobody_shares_the_store_is_kept_for_all() -> None:
    alone = World(calendar("UTC"))
    alone.store = LaneStore(1)
    inventory = alone.store.open()
    inventory.stride, inventory.has_common = 1, True
    alone.engine.resume(inventory, alone.now, keeps_jobs=True, holds=True)
    alone.deliver()
    alone.admin().text("schedule add t function=g every=60")
    alone.advance(70)
    assert schedule_kinds(alone) == {b"shared-schedule", b"shared-progress"}
    alone.admin().text("schedule remove t")
    assert schedule_kinds(alone) == set()


def test_a_schedule_that_the_file_has_again_is_as_operators_have_it() -> None:
    leading, _ = pair()
    leading.admin().text("schedule pause s")
    leading.engine.set_schedules({})
    leading.deliver()
    assert rows(leading.admin(), "schedule list") == []
    assert [*common(leading)] == [(b"shared-schedule", b"s")]
    leading.engine.set_schedules(FILE)
    leading.deliver()
    assert (shown(leading)["state"], shown(leading)["changed"]) == (
        "paused",
        ["paused"],
    )
    # What was taken back meanwhile no longer counts.
    leading.engine.set_schedules({})
    follow(leading, {(b"shared-schedule", b"s"): None})
    leading.engine.set_schedules(FILE)
    leading.deliver()
    assert shown(leading)["state"] == "waiting"


def test_what_is_set_before_the_file_has_the_schedule_holds_when_it_has() -> None:
    leading, _ = pair()
    follow(leading, {(b"shared-schedule", b"t"): b'{"paused": true}'})
    leading.engine.set_schedules({**FILE, b"t": {"function": "g", "every": 600.0}})
    leading.deliver()
    assert rows(leading.admin(), "schedule show t")[0]["state"] == "paused"
    # One that starts later hears of it from the store.
    late = World(calendar("UTC"), store=MemoryStore())
    late.engine.set_schedules(FILE)
    store = LaneStore(3)
    inventory = store.open()
    inventory.entries = [Entry(b"shared-schedule", b"t", b'{"paused": true}')]
    late.store = store
    late.engine.resume(inventory, late.now, keeps_jobs=True, holds=True)
    late.engine.set_schedules({**FILE, b"t": {"function": "g", "every": 600.0}})
    late.deliver()
    assert rows(late.admin(), "schedule show t")[0]["state"] == "paused"


def test_what_means_nothing_is_told() -> None:
    leading, _ = pair()
    follow(leading, {(b"shared-schedule", b"s"): b'{"every": "never"}'})
    (notice,) = leading.engine.take_notices()
    assert notice.action == "schedule_lost"
    assert shown(leading)["state"] == "waiting"
