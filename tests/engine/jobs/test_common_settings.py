"""What is set of the schedules of the file at one job server holds at all of a store.

How policies and functions are followed is in ``state/test_overrides.py``.
"""

from __future__ import annotations

from typing import Any

from geartrain.engine.inventory import LANES
from geartrain.engine.model.settings import Value
from geartrain.engine.records import COMMON_KINDS, Entry
from geartrain.server.cron import calendar
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
    assert [*told] == [(b"file-schedule", b"s")]
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
    inventory.entries.append(Entry(b"file-schedule", b"unknown", b'{"every": 60}'))
    inventory.stride, inventory.reserved = LANES, 2
    late.engine.resume(inventory, late.now, keeps_jobs=True, holds=True)
    late.deliver()
    assert shown(late)["state"] == "paused"
    assert len(rows(late.admin(), "schedule list")) == 1


def test_what_means_nothing_is_told() -> None:
    leading, _ = pair()
    follow(leading, {(b"file-schedule", b"s"): b'{"every": "never"}'})
    (notice,) = leading.engine.take_notices()
    assert notice.action == "schedule_lost"
    assert shown(leading)["state"] == "waiting"
