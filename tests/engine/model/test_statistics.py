"""Slots: minutes and hours that have ended, bounded in age, number and bytes."""

from __future__ import annotations

from geartrain.engine.model import statistics
from geartrain.engine.model.counts import SUBMITTED, Counts
from geartrain.engine.model.open_counts import OpenCounts
from geartrain.engine.model.statistics import Ring, Statistics


def submitted(number: int) -> bytes:
    made = Counts()
    made.numbers[SUBMITTED] = number
    return made.pack()


def numbers(found: list[tuple[int, Counts]]) -> list[tuple[int, int]]:
    return [(number, made.numbers[SUBMITTED]) for number, made in found]


def test_two_slots_of_one_minute_are_one() -> None:
    ring, each = Ring(is_hourly=False), Statistics(b"f")
    ring.add(each, 5, submitted(1))
    ring.add(each, 7, submitted(2))
    ring.add(each, 7, submitted(3))
    assert numbers(each.by_minute(0)) == [(5, 1), (7, 5)]
    assert numbers(each.by_minute(6)) == [(7, 5)]


def test_what_is_open_is_added_to_its_minute_and_its_hour() -> None:
    minutes, hours, each = Ring(is_hourly=False), Ring(is_hourly=True), Statistics(b"f")
    minutes.add(each, 120, submitted(1))
    hours.add(each, 1, submitted(4))
    each.hour, each.hourly = 2, Counts()
    each.hourly.numbers[SUBMITTED] = 1
    each.minute, each.open = 121, OpenCounts()
    for _ in range(10):
        each.open.count(SUBMITTED)
    assert numbers(each.by_minute(0)) == [(120, 1), (121, 10)]
    assert numbers(each.by_hour(0)) == [(1, 4), (2, 11)]
    assert each.totals().numbers[SUBMITTED] == 10


def test_a_ring_drops_its_oldest_page_with_the_slots_of_all_its_functions() -> None:
    ring = Ring(is_hourly=False)
    one, other = Statistics(b"one"), Statistics(b"other")
    for minute in (1, 2):
        ring.add(one, minute, submitted(minute))
        ring.add(other, minute, submitted(minute))
    assert ring.is_over(2)
    assert ring.drop().number == 1
    assert not ring.is_over(2)
    assert numbers(one.by_minute(0)) == numbers(other.by_minute(0)) == [(2, 2)]
    assert (ring.count, len(ring.pages)) == (2, 1)
    ring.drop()
    assert (ring.count, ring.size) == (0, 0)
    assert not ring.is_over(9)


def test_a_page_has_a_limited_number_of_slots_and_a_serial_of_its_own() -> None:
    ring = Ring(is_hourly=True)
    for number in range(600):
        ring.add(Statistics(b"%d" % number), 1, submitted(1))
    assert [len(page.members) for page in ring.pages] == [256, 256, 88]
    assert len({page.serial for page in ring.pages}) == 3


def test_slots_are_bounded_in_number_and_in_bytes() -> None:
    ring = Ring(is_hourly=False)
    for minute in range(40):
        for number in range(3_000):
            ring.add(Statistics(b"%d" % number), minute, b"")
            if ring.is_over(0):
                ring.drop()
    assert 99_000 < ring.count <= 100_000
    large = Ring(is_hourly=False)
    for number in range(2_000):
        large.add(Statistics(b"%d" % number), number, bytes(100_000))
        if large.is_over(0):
            large.drop()
    assert large.size <= 16 * 1024 * 1024
    assert statistics.MINUTES == 60
