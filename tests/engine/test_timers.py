"""Deadlines in order, and their cancelling."""

from __future__ import annotations

import itertools

import pytest

from geartrain.engine.timers import Timed, Timers


@pytest.fixture
def timers() -> Timers:
    return Timers(itertools.count(1))


def due(timers: Timers, now: float) -> list[Timed]:
    """Take out all that is due."""
    found = []
    item = timers.pop(now)
    while item is not None:
        found.append(item)
        item = timers.pop(now)
    return found


def test_without_deadlines_nothing_is_next(timers: Timers) -> None:
    assert timers.next() is None
    assert timers.pop(1e9) is None
    assert len(timers) == 0


def test_the_earliest_is_next(timers: Timers) -> None:
    for when in (5.0, 3.0, 4.0):
        timers.set(Timed(), when)
    assert timers.next() == 3.0
    assert len(timers) == 3


def test_an_item_is_due_at_its_time_and_not_before(timers: Timers) -> None:
    item = Timed()
    timers.set(item, 5.0)
    assert timers.pop(4.999) is None
    assert timers.pop(5.0) is item
    assert timers.pop(5.0) is None


def test_items_are_due_in_order(timers: Timers) -> None:
    late, early, never = Timed(), Timed(), Timed()
    timers.set(late, 2.0)
    timers.set(never, 9.0)
    timers.set(early, 1.0)
    assert due(timers, 3.0) == [early, late]
    assert len(timers) == 1


def test_items_of_one_time_are_due_in_the_order_they_were_set(timers: Timers) -> None:
    items = [Timed() for _ in range(5)]
    for item in items:
        timers.set(item, 1.0)
    assert due(timers, 1.0) == items


def test_a_cancelled_item_is_never_due(timers: Timers) -> None:
    kept, cancelled = Timed(), Timed()
    timers.set(cancelled, 1.0)
    timers.set(kept, 2.0)
    timers.cancel(cancelled)
    assert len(timers) == 1
    assert timers.next() == 2.0
    assert due(timers, 9.0) == [kept]


def test_cancelling_what_has_no_deadline_does_nothing(timers: Timers) -> None:
    item = Timed()
    timers.cancel(item)
    timers.set(item, 1.0)
    timers.cancel(item)
    timers.cancel(item)
    assert len(timers) == 0
    assert timers.next() is None


def test_an_item_can_be_set_again_after_it_was_cancelled(timers: Timers) -> None:
    item = Timed()
    timers.set(item, 1.0)
    timers.cancel(item)
    timers.set(item, 3.0)
    assert due(timers, 2.0) == []
    assert due(timers, 3.0) == [item]


def test_an_item_can_be_set_again_after_it_was_due(timers: Timers) -> None:
    item = Timed()
    timers.set(item, 1.0)
    assert due(timers, 1.0) == [item]
    timers.set(item, 2.0)
    assert due(timers, 2.0) == [item]


def test_an_item_may_move_between_timers_that_share_serials() -> None:
    serials = itertools.count(1)
    one, other = Timers(serials), Timers(serials)
    item = Timed()
    one.set(item, 1.0)
    one.cancel(item)
    other.set(item, 2.0)
    assert due(one, 9.0) == []
    assert due(other, 9.0) == [item]


def test_thousands_cancelled_leave_the_rest_in_order(timers: Timers) -> None:
    items = [Timed() for _ in range(2000)]
    for number, item in enumerate(items):
        timers.set(item, float(2000 - number))
    for number, item in enumerate(items):
        if number % 10:
            timers.cancel(item)
    kept = items[::10]
    assert len(timers) == len(kept)
    assert due(timers, 2000.0) == kept[::-1]
    assert len(timers) == 0


@pytest.mark.parametrize("count", [0, 1, 2, 7, 300])
def test_the_first_are_told_in_order(timers: Timers, count: int) -> None:
    items = [Timed() for _ in range(count)]
    deadlines = {item: float(n * 7919 % 1000) for n, item in enumerate(items)}
    for item, when in deadlines.items():
        timers.set(item, when)
    for item in items[::3]:
        timers.cancel(item)
    left = [(deadlines[item], item) for item in items if item.timer]
    expected = [when for when, _ in sorted(left, key=lambda each: each[0])]
    found = timers.first(1000)
    assert [when for when, _ in found] == expected
    assert all(deadlines[item] == when for when, item in found)
    assert [when for when, _ in timers.first(5)] == expected[: len(timers.first(5))]
    assert len(timers) == len(left)
