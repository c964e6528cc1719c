"""Job servers that share a store: who leads, and who goes on with schedules."""

from __future__ import annotations

import pytest

from geartrain.engine.records import COMMON_KINDS, LEADERS_KINDS, Entry
from geartrain.server.cron import calendar
from tests.support.dialogue import World
from tests.support.lanes import LaneStore, adopt
from tests.support.stored_engine import counts, drain, grab, rows


def left_by(world: World) -> list[Entry]:
    """Return the entries that whoever goes on with the lane of one is to have."""
    assert isinstance(world.store, LaneStore)
    return [each for each in world.store.leave() if each.kind not in COMMON_KINDS]


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


def test_a_time_at_which_nobody_led_is_made_up_for_by_who_leads_next() -> None:
    leading, other, store = scheduled_pair()
    leading.advance(590)
    other.advance(605)
    assert counts(other)[0] == 0

    other.engine.sharing.lead(is_leading=True)
    store.left = left_by(leading)
    adopt(other, store, 1)
    other.advance(1)

    assert counts(other)[0] == 1
    other.advance(600)
    assert counts(other)[0] == 2


def take_the_lead(world: World, store: LaneStore, left: list[Entry]) -> None:
    store.left = left
    world.engine.sharing.lead(is_leading=True)
    adopt(world, store, 1)


ADDED = "schedule add t function=g every=600 missed=all"


def test_a_schedule_is_gone_on_with_though_who_leads_next_hears_of_it_later() -> None:
    leading, other, store = scheduled_pair()
    leading.admin().text(ADDED)
    leading.advance(700)
    other.advance(1900)
    assert isinstance(leading.store, LaneStore)
    kept = leading.store.leave()
    take_the_lead(other, store, left_by(leading))
    common: dict[tuple[bytes, bytes], bytes | None] = {
        (each.kind, each.key): each.value for each in kept if each.kind in COMMON_KINDS
    }
    other.engine.sharing.follow(common, other.now)
    other.deliver()
    other.advance(1)
    # Of 600, 1200 and 1800 seconds the one that led has submitted the first.
    assert counts(other, "g")[0] == 3
    assert len(rows(other.admin(), "schedule show t")[0]["runs"]) == 3


@pytest.mark.parametrize("is_changed", [False, True])
def test_times_count_that_who_led_never_heard_of(is_changed: bool) -> None:
    leading, other, store = scheduled_pair()
    if is_changed:
        for world in (leading, other):
            world.admin().text("schedule add t function=g every=90000")
        other.advance(10)
        other.admin().text("schedule change t every=600 missed=all")
    else:
        other.admin().text(ADDED)
    other.advance(1300)
    assert counts(other, "g")[0] == 0
    take_the_lead(other, store, left_by(leading))
    other.advance(1)
    assert counts(other, "g")[0] == 2
    other.advance(600)
    assert counts(other, "g")[0] == 3


def test_who_takes_over_jobs_and_does_not_lead_submits_none() -> None:
    leading, other, store = scheduled_pair()
    leading.advance(590)
    other.advance(605)
    store.left = [each for each in left_by(leading) if each.kind not in LEADERS_KINDS]
    adopt(other, store, 1)
    other.advance(700)
    assert counts(other)[0] == 0


def test_schedules_of_clients_are_gone_on_with_by_who_takes_over_the_lane() -> None:
    one, other, store = scheduled_pair()
    client = one.client()
    client.submit_job_sched(b"g", b"u", b"*", b"*", b"*", b"*", b"*", b"w")
    handle = client.received[-1].arguments[0]
    one.advance(70)
    other.advance(70)
    assert counts(one, "g")[0] == 1

    store.left = left_by(one)
    inventory = store.inventory({1})
    assert isinstance(one.store, LaneStore)
    inventory.schedules = one.store.leave_schedules()
    store.lanes.add(1)
    other.engine.sharing.adopt(inventory, other.now)
    other.deliver()
    other.advance(60)

    assert (
        rows(other.admin(), f"schedule show {handle.decode()}")[0]["source"] == "client"
    )
    assert counts(other, "g")[0] == 1


def test_a_job_that_is_to_follow_another_job_servers_is_that_once_more() -> None:
    first = LaneStore(1)
    worlds = World(store=first), World(store=LaneStore(2, first))
    handles = []
    for world in worlds:
        world.policy(b"f", dedupe="again")
        client = world.client()
        client.submit_job_bg(b"f", b"u", b"w")
        handles.append(client.received[0].arguments[0])
    one, other = worlds
    worker = one.worker("f")
    assert handles == [grab(worker)[0]] * 2
    assert grab(other.worker("f")) == (b"", "")
    worker.work_complete(handles[0], b"")
    (again,), first.again = first.again, ()
    one.engine.sharing.adopt(again, one.now)
    one.deliver()
    assert drain(worker) == "w"
    assert first.again == ()


def test_a_job_that_is_to_follow_its_own_job_servers_is_another() -> None:
    world = World(store=LaneStore(1))
    world.policy(b"f", dedupe="again")
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", b"first")
    handle, _ = grab(worker)
    client.submit_job_bg(b"f", b"u", b"second")
    world.advance(1)
    worker.work_complete(handle, b"")
    assert drain(worker) == "second"
