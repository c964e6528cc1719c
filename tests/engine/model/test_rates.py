"""Rates and their buckets: what starts when, and never more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.model.rates import Bucket, check_rate, read_rate

NOW = 1_750_000_000.0


@pytest.mark.parametrize(
    ("text", "interval", "burst"),
    [
        ("100/1m", 0.6, 1),
        ("50/1s", 0.02, 1),
        ("50/s", 0.02, 1),
        ("1/2h", 7200.0, 1),
        ("10/0.5", 0.05, 1),
        ("1/1h30m", 5400.0, 1),
        ("1000/1s", 0.001, 20),
    ],
)
def test_a_rate_is_a_number_of_jobs_and_a_time(
    text: str, interval: float, burst: int
) -> None:
    rate = read_rate(text)
    assert rate is not None
    assert rate.interval == pytest.approx(interval)
    assert rate.burst == burst


@pytest.mark.parametrize(
    "text",
    [
        *("", "none", "100", "100/", "/1s", "0/1s", "-1/s", "1.5/s", "1/0s", "1/-1"),
        *("1/x", "1 /s", "1/ s", "1/1e10", "100001/s", "9999999999/1d", "\u0661/s"),
        "1/s/s",
    ],
)
def test_nothing_else_is_a_rate(text: str) -> None:
    assert not check_rate(text)


def test_a_bucket_gives_its_burst_at_once_and_then_one_at_an_even_pace() -> None:
    rate = read_rate("10/1s", 3)
    assert rate is not None
    bucket = Bucket()
    for left in (3, 2, 1):
        assert bucket.count_at(rate, NOW) == left
        bucket.take(rate, NOW)
    assert bucket.count_at(rate, NOW) == 0
    assert bucket.when(rate, 1) == pytest.approx(NOW + 0.1)
    assert bucket.count_at(rate, NOW + 0.25) == 2
    assert bucket.count_at(rate, NOW + 1000) == 3


def test_a_faster_rate_has_nobody_wait_for_the_slower_one() -> None:
    slow, fast = read_rate("1/1h"), read_rate("10/1s")
    assert slow is not None
    assert fast is not None
    bucket = Bucket()
    bucket.take(slow, NOW)
    bucket.adapt(fast, NOW)
    assert bucket.when(fast, 1) <= NOW + 0.1


@given(
    count=st.integers(1, 500),
    seconds=st.sampled_from(["1s", "7s", "1m", "1h"]),
    burst=st.integers(0, 10),
    steps=st.lists(st.floats(0, 3), max_size=60),
)
def test_no_time_of_the_rates_length_has_more_starts_than_count_and_burst(
    count: int, seconds: str, burst: int, steps: list[float]
) -> None:
    rate = read_rate(f"{count}/{seconds}", burst)
    assert rate is not None
    bucket, now, starts = Bucket(), NOW, list[float]()
    for step in steps:
        now += step
        while bucket.count_at(rate, now) > 0:
            bucket.take(rate, now)
            starts.append(now)
        # The alarm for the next is set for a time that is yet to come.
        following = bucket.when(rate, 1)
        assert following > now
        assert bucket.count_at(rate, following) == 1
    length = rate.interval * count
    for start in starts:
        within = [each for each in starts if start <= each < start + length * 0.999999]
        assert len(within) <= count + rate.burst


@pytest.mark.parametrize("servers", [2, 3, 50])
def test_parts_of_a_rate_are_no_more_than_the_whole(servers: int) -> None:
    whole, part = read_rate("100/1m", 10), read_rate("100/1m", 10, servers)
    assert whole is not None
    assert part is not None
    assert part.interval == pytest.approx(whole.interval * servers)
    assert part.burst == max(1, whole.burst // servers)
