"""Job servers that share a store: who leads, and who goes on with schedules."""

from __future__ import annotations

from geartrain.engine.records import Entry
from geartrain.server.cron import calendar
from tests.support.dialogue import World
from tests.support.lanes import LaneStore, adopt
from tests.support.stored_engine import counts, rows


def left_by(world: World) -> list[Entry]:
    assert isinstance(world.store, LaneStore)
    return world.store.leave()


def scheduled_pair() -> tuple[World, World, LaneStore]:
    """Return two worlds with one store and one configuration file."""
    first = LaneStore(1)
    second = LaneStore(2, first)
    worlds = [
        World(calendar("UTC"), store=first),
        World(calendar("UTC"), store=second),
    ]
    for world in worlds:
        world.engine.set_schedules({b"s": {"function": "f", "every": 600.0}})
        world.deliver()
    worlds[1].engine.sharing.lead(is_leading=False)
    return worlds[0], worlds[1], second


def test_a_schedule_of_the_file_submits_one_job_at_the_leading_server() -> None:
    leading, other, _ = scheduled_pair()
    leading.advance(1300)
    other.advance(1300)
    assert counts(leading)[0] == 2
    assert counts(other)[0] == 0


def test_who_leads_next_goes_on_where_the_other_was() -> None:
    leading, other, store = scheduled_pair()
    leading.advance(700)
    other.advance(650)

    store.left = left_by(leading)
    adopt(other, store, 1)
    other.engine.sharing.lead(is_leading=True)
    other.advance(600)

    assert counts(other)[0] == 2
    runs = rows(other.admin(), "schedule show s")[0]["runs"]
    assert len(runs) == 2


def test_schedules_that_another_server_was_told_of_are_gone_on_with() -> None:
    one, other, store = scheduled_pair()
    assert one.admin().text("schedule add t function=g every=60") == b"OK\r\n"
    one.advance(70)
    other.advance(70)

    store.left = left_by(one)
    adopt(other, store, 1)
    other.advance(60)

    assert counts(other, "g")[0] == 2
