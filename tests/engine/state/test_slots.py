"""Minutes and hours of statistics begin with an event and end with the time."""

from __future__ import annotations

import gc
import tracemalloc

from geartrain.engine.model.counts import SUBMITTED, Counts
from geartrain.engine.model.health import OK, REFUSING, Health
from geartrain.engine.model.statistics import Statistics
from geartrain.engine.state import functions
from geartrain.engine.state.statistics import count
from tests.support.dialogue import World
from tests.support.lanes import LaneStore, adopt
from tests.support.stored_engine import stored, submit

MINUTE = 60.0
HOUR = 3600.0


def by_minute(world: World, function: bytes = b"f") -> list[int]:
    """Return how many jobs were submitted, minute by minute."""
    return _submitted(_statistics(world, function).by_minute(0))


def by_hour(world: World, function: bytes = b"f") -> list[int]:
    return _submitted(_statistics(world, function).by_hour(0))


def _submitted(found: list[tuple[int, Counts]]) -> list[int]:
    return [each.numbers[SUBMITTED] for _, each in found]


def _statistics(world: World, function: bytes) -> Statistics:
    state = world.engine.state
    if function in state.functions:
        return state.functions[function].statistics
    return state.slots.forgotten[function]


def test_a_minute_without_events_makes_no_slot() -> None:
    world = stored()
    client = world.client()
    submit(client, "a", "b")
    world.advance(10 * MINUTE)
    submit(client, "c")
    world.advance(MINUTE)
    assert by_minute(world) == [2, 1]
    assert world.engine.deadline() is None


def test_minutes_add_up_to_hours_and_both_are_dropped_by_age() -> None:
    world = stored()
    client = world.client()
    for _ in range(3 * 60):
        submit(client, "w")
        world.advance(MINUTE)
    assert by_minute(world) == [1] * 60
    assert sum(by_hour(world)) == 180
    assert len(by_hour(world)) in (3, 4)
    world.advance(100 * HOUR)
    submit(client, "last")
    world.advance(MINUTE)
    assert by_minute(world) == by_hour(world) == [1]
    slots = world.engine.state.slots
    assert (slots.minutes.count, slots.hours.count) == (1, 0)


def test_the_sum_of_all_functions_has_its_own_minutes() -> None:
    world = stored()
    client = world.client()
    submit(client, "a")
    submit(client, "b", function=b"g")
    world.advance(MINUTE)
    submit(client, "c", function=b"g")
    assert _submitted(world.engine.state.slots.all.by_minute(0)) == [2, 1]
    assert by_minute(world, b"g") == [1, 1]
    assert by_minute(world) == [1]


def test_a_late_tick_counts_what_happened_in_time() -> None:
    """Between the end of a minute and the tick that closes it, jobs go on."""
    world = stored()
    client = world.client()
    submit(client, "a")
    # No tick comes while a turn lasts.
    world.now += 3 * MINUTE
    submit(client, "b")
    world.advance(MINUTE)
    assert sum(by_minute(world)) == 2
    submit(client, "c")
    assert by_minute(world)[-1] == 1


def test_a_forgotten_function_finds_its_minutes_again() -> None:
    world = World()
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    client.leave()
    world.advance(2 * HOUR)
    world.admin().text("status")
    assert b"f" not in world.engine.state.functions
    assert by_hour(world) == [1]
    worker = world.worker("f")
    assert by_hour(world) == [1]
    assert not world.engine.state.slots.forgotten
    # What was counted since the start went into the total of the forgotten.
    assert _statistics(world, b"f").totals().numbers[SUBMITTED] == 0
    worker.leave()


def test_a_forgotten_function_is_no_more_when_its_slots_are_too_old() -> None:
    world = World()
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    client.leave()
    world.advance(2 * HOUR)
    world.admin().text("status")
    assert list(world.engine.state.slots.forgotten) == [b"f"]
    world.advance(80 * HOUR)
    world.client().submit_job(b"g", b"", b"w")
    world.advance(MINUTE)
    assert world.engine.state.slots.forgotten == {}


def test_functions_of_chunks_have_no_slots() -> None:
    world = World()
    client = world.client()
    for number in range(100):
        client.submit_job(b"big.chunks.%016x" % number, b"", b"w")
    client.leave()
    world.advance(10 * MINUTE)
    slots = world.engine.state.slots
    assert (slots.minutes.count, slots.forgotten) == (0, {})
    assert slots.unlisted.totals().numbers[SUBMITTED] == 100
    assert _submitted(slots.all.by_minute(0)) == [100]


def test_idle_functions_cost_nothing_by_the_minute() -> None:
    world = World()
    client = world.client()
    for number in range(3_000):
        client.submit_job(b"f%d" % number, b"", b"w")
    world.advance(HOUR + MINUTE)
    # The first minute that ends after the hour closes that for all.
    client.submit_job(b"f0", b"u", b"w")
    world.advance(MINUTE)
    work = world.engine.state.turns.work
    for _ in range(10):
        client.submit_job(b"f0", b"u", b"w")
        world.advance(MINUTE)
    assert world.engine.state.turns.work - work < 1_000


def test_a_slot_takes_some_hundred_bytes() -> None:
    world = World()
    state = world.engine.state
    busy = [functions.find(state, b"f%d" % number) for number in range(1_000)]
    gc.collect()
    tracemalloc.start()
    for _ in range(13):
        for function in busy:
            count(state, function, SUBMITTED)
        world.advance(MINUTE)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert state.slots.minutes.count == 13_000
    # What hours are open takes as much as ten minutes.
    assert size < 13_000 * 400


def test_closing_many_minutes_does_not_keep_others_waiting() -> None:
    world = World()
    client = world.client()
    for number in range(5_000):
        client.submit_job(b"f%d" % number, b"", b"w")
    world.goes_on = False
    world.engine.tick(world.now + MINUTE)
    assert world.engine.has_more()
    before = world.engine.state.turns.work
    world.engine.go_on(world.now + MINUTE)
    assert world.engine.state.turns.work - before < 10_000


def test_minutes_and_hours_are_there_after_a_restart() -> None:
    world = stored()
    client = world.client()
    for _ in range(90):
        submit(client, "w")
        world.advance(MINUTE)
    minutes, hours = by_minute(world), by_hour(world)
    after = world.restarted()
    assert by_minute(after) == minutes
    assert by_hour(after) == hours
    assert sum(hours) == 90
    submit(after.client(), "w")
    after.advance(2 * HOUR)
    submit(after.client(), "w")
    after.advance(MINUTE)
    assert sum(by_hour(after)) == 92
    assert by_minute(after) == [1]
    again = after.restarted()
    assert by_hour(again) == by_hour(after)
    assert _submitted(again.engine.state.slots.all.by_hour(0)) == by_hour(after)


def test_a_stop_in_order_keeps_the_open_minute() -> None:
    world = stored()
    submit(world.client(), "a", "b")
    world.engine.keep_clock(world.now)
    world.commit_all()
    after = world.restarted()
    assert by_minute(after) == [2]
    submit(after.client(), "c")
    assert by_minute(after) == [3]
    assert by_hour(after) == [3]


def test_what_is_too_old_leaves_the_store() -> None:
    world = stored()
    client = world.client()
    for _ in range(200):
        submit(client, "w")
        world.advance(MINUTE)
    assert world.store is not None
    world.is_committing = False
    world.store.close()
    entries = world.store.open().entries
    kinds = [entry.kind for entry in entries]
    assert kinds.count(b"minutes") == kinds.count(b"all-minutes") == 60
    assert kinds.count(b"hours") in (2, 3)


def test_an_entry_that_cannot_be_read_is_given_up() -> None:
    world = stored()
    submit(world.client(), "w")
    world.advance(MINUTE)
    state = world.engine.state
    for key, value in ((b"1.1", b"x"), (b"x", b""), (b"1.2", b"1 9 fabc")):
        state.journal.put(b"minutes", key, value)
    world.commit_all()
    after = world.restarted()
    assert by_minute(after) == [1]
    after.commit_all()
    assert sum(by_minute(after.restarted())) == 1


def test_without_room_in_the_store_minutes_are_kept_for_later() -> None:
    world = stored()
    health = Health()
    world.engine.show_health(health)
    health.state = REFUSING
    submit(world.client(), "w")
    world.advance(MINUTE)
    assert world.engine.state.slots.unsaved()
    health.state = OK
    submit(world.client(), "w")
    world.advance(MINUTE)
    assert not world.engine.state.slots.unsaved()
    assert by_minute(world.restarted()) == [1, 1]


def _two() -> tuple[World, World, LaneStore]:
    """Return two job servers on one store, and what the second sees of it."""
    store = LaneStore(1)
    shared = LaneStore(2, store)
    return World(store=store), World(store=shared), shared


def _count(world: World, jobs: int) -> None:
    for number in range(jobs):
        submit(world.client(), f"w{number}")


def _take_over(one: World, other: World, store: LaneStore) -> None:
    """Have the other go on with the lane of one that stops."""
    one.engine.keep_clock(one.now)
    one.commit_all()
    assert isinstance(one.store, LaneStore)
    store.left = one.store.leave()
    adopt(other, store, 1)
    # As PostgreSQL gathers them: those of the lane that has them stay.
    for entry in store.left:
        store._entries.setdefault((entry.kind, entry.key), entry.value)
    other.commit_all()


def _restarted(world: World, store: LaneStore) -> World:
    world.commit_all()
    store.left = store.leave()
    return world.restarted()


def test_what_a_job_server_has_counted_its_heir_has() -> None:
    one, other, store = _two()
    for both in (True, False, True):
        _count(one, 2)
        if both:
            _count(other, 1)
        for world in (one, other):
            world.advance(MINUTE)
    _count(one, 4)
    _take_over(one, other, store)
    assert by_minute(other) == [3, 2, 3, 4]
    assert by_hour(other) == [12]
    assert other.engine.state.slots.all.since(0).numbers[SUBMITTED] == 12
    assert by_minute(_restarted(other, store)) == [3, 2, 3, 4]
    assert sum(by_hour(_restarted(other, store))) == 12


def test_hours_of_both_add_up() -> None:
    one, other, store = _two()
    for _ in range(3):
        _count(one, 1)
        _count(other, 2)
        for world in (one, other):
            world.advance(HOUR)
    _count(one, 5)
    _take_over(one, other, store)
    assert sum(by_hour(other)) == 14
    _count(other, 1)
    other.advance(HOUR)
    _count(other, 1)
    other.advance(HOUR)
    assert by_hour(other) == [3, 3, 3, 6, 1]
    assert by_hour(_restarted(other, store)) == [3, 3, 3, 6, 1]


def test_an_hour_that_another_had_not_ended_is_where_it_was() -> None:
    one, other, store = _two()
    _count(one, 2)
    one.engine.keep_clock(one.now)
    for _ in range(3):
        _count(other, 1)
        other.advance(HOUR)
    _take_over(one, other, store)
    assert by_hour(other) == [3, 1, 1]
    assert by_hour(_restarted(other, store)) == [3, 1, 1]


def test_what_another_has_counted_becomes_too_old_like_ours() -> None:
    one, other, store = _two()
    for _ in range(80):
        _count(one, 1)
        for world in (one, other):
            world.advance(MINUTE)
    _count(other, 1)
    _take_over(one, other, store)
    for _ in range(70):
        _count(other, 1)
        other.advance(MINUTE)
    ring = other.engine.state.slots.minutes
    assert len(ring.pages) <= 61
    assert len(by_minute(other)) <= 62
    assert ring.count == sum(len(page.members) for page in ring.pages)
    assert ring.size == sum(page.size for page in ring.pages)


def test_what_cannot_be_read_of_another_is_given_up() -> None:
    one, other, store = _two()
    _count(one, 1)
    one.advance(MINUTE)
    other.advance(MINUTE)
    for key, value in ((b"1.1", b"x"), (b"x", b""), (b"1.2", b"1 9 fabc")):
        one.engine.state.journal.put(b"minutes", key, value)
    _take_over(one, other, store)
    assert by_minute(other) == [1]
