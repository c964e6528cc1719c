"""Counts add up, quantiles are right to a fifth, and packed counts are read again."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.model import counts
from geartrain.engine.model.counts import (
    FAILURES,
    NAMES,
    Counts,
    bound,
    bucket,
    numbers_of,
    quantile,
    unpack,
)
from geartrain.engine.model.open_counts import OpenCounts

YEARS = 20 * 365 * 86400.0
seconds = st.floats(0, YEARS)
kinds = st.sampled_from([*NAMES.values(), *FAILURES.values()])


@st.composite
def some_counts(draw: st.DrawFn) -> Counts:
    counted = OpenCounts()
    for time in draw(st.lists(seconds, max_size=20)):
        counted.wait(time, bucket(time))
    for time in draw(st.lists(seconds, max_size=20)):
        counted.run(time, bucket(time))
    for number in draw(st.lists(st.integers(0, 5), max_size=20)):
        counted.submit(number)
    made = counted.counts()
    for kind in draw(st.lists(kinds, max_size=20)):
        made.numbers[kind] += draw(st.integers(1, 2**40))
    return made


def same(one: Counts, other: Counts) -> bool:
    return (
        one.numbers == other.numbers
        and trimmed(one.submitted) == trimmed(other.submitted)
        and trimmed(one.waiting) == trimmed(other.waiting)
        and trimmed(one.running) == trimmed(other.running)
        and abs(one.waited - other.waited) < 2e-6
        and abs(one.ran - other.ran) < 2e-6
    )


def trimmed(histogram: list[int]) -> list[int]:
    while histogram and not histogram[-1]:
        histogram = histogram[:-1]
    return histogram


def test_every_kind_has_a_name_of_its_own() -> None:
    numbers = sorted([*NAMES.values(), *FAILURES.values()])
    assert numbers == list(range(len(Counts().numbers)))
    assert not set(NAMES) & set(FAILURES)


@given(seconds)
def test_a_time_is_within_the_bounds_of_its_bucket(time: float) -> None:
    number = bucket(time)
    # Within one unit, to which times are cut.
    assert time < bound(number) + 1e-4
    assert number == 0 or bound(number - 1) <= time + 1e-4


@pytest.mark.parametrize("time", [-5.0, 0.0, 1e-9])
def test_what_took_no_time_is_in_the_first_bucket(time: float) -> None:
    assert bucket(time) == 0


def test_each_bound_is_the_square_root_of_two_times_the_last() -> None:
    for number in range(20, 85):
        assert 1.41 < bound(number + 1) / bound(number) < 1.42


def test_more_than_all_buckets_is_in_the_last() -> None:
    assert bucket(1e15) == bucket(1e12) < 88


@given(st.lists(st.floats(0.01, 1e6), min_size=1), st.floats(0.0, 1.0))
def test_a_quantile_is_right_to_the_width_of_a_bucket(
    times: list[float], part: float
) -> None:
    counted = OpenCounts()
    for time in times:
        counted.run(time, bucket(time))
    times.sort()
    rank = max(0, -int(-part * len(times) // 1) - 1)
    found = quantile(counted.counts().running, part)
    assert found is not None
    # A fifth, and what the unit of 0.1 ms makes of the shortest.
    assert times[rank] / 1.2 <= found <= times[rank] * 1.2


def test_nothing_has_no_quantile() -> None:
    assert quantile([], 0.5) is None
    assert quantile([0, 0], 0.5) is None


@given(some_counts())
def test_what_was_packed_is_unpacked(made: Counts) -> None:
    assert same(unpack(made.pack()), made)


@given(some_counts())
def test_the_numbers_alone_are_read_from_packed_counts(made: Counts) -> None:
    assert numbers_of(made.pack()) == made.numbers


@given(some_counts(), some_counts())
def test_counts_add_up(one: Counts, other: Counts) -> None:
    both = unpack(one.pack())
    both.add(other)
    for kind, number in enumerate(both.numbers):
        assert number == one.numbers[kind] + other.numbers[kind]
    assert sum(both.submitted) == sum(one.submitted) + sum(other.submitted)
    assert sum(both.waiting) == sum(one.waiting) + sum(other.waiting)
    assert sum(both.running) == sum(one.running) + sum(other.running)


def test_a_busy_minute_takes_some_dozen_bytes() -> None:
    counted = OpenCounts()
    for number in range(60_000):
        counted.wait(number / 1e6, bucket(number / 1e6))
        counted.run(number / 1e5, bucket(number / 1e5))
    made = counted.counts()
    made.numbers[counts.SUBMITTED] = made.numbers[counts.SUCCEEDED] = 60_000
    assert len(made.pack()) < 120


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_or_read_and_nothing_else(packed: bytes) -> None:
    with suppress(ValueError):
        assert len(unpack(packed).numbers) == len(Counts().numbers)


def test_counts_of_an_earlier_version_know_no_priorities() -> None:
    earlier = Counts()
    earlier.numbers[counts.SUBMITTED] = 3
    # The list of priorities, which is empty, is the last byte.
    read = unpack(earlier.pack()[:-1])
    assert (read.numbers, read.submitted) == (earlier.numbers, [])


def test_kinds_of_a_later_version_are_left_out() -> None:
    later = Counts()
    later.numbers += [7, 8]
    later.numbers[counts.DEAD] = 3
    assert unpack(later.pack()).numbers == [
        3 if kind == counts.DEAD else 0 for kind in range(len(Counts().numbers))
    ]
