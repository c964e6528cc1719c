"""Seconds in all the forms that programs give them in."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from geartrain.errors import OptionError, WorkerError
from geartrain.seconds import FOREVER, length, limit, number

NO_NUMBERS = [
    None,
    True,
    "1",
    b"1",
    [],
    math.nan,
    Decimal("NaN"),
    Decimal("sNaN"),
    1j,
    object(),
]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (0, 0.0),
        (2, 2.0),
        (0.5, 0.5),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        (Decimal("1.5"), 1.5),
        (Fraction(1, 4), 0.25),
        (math.inf, math.inf),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (-1, -1.0),
    ],
)
def test_numbers_are_taken(given: Any, seconds: float) -> None:
    found = number(given, "delay")
    assert type(found) is float
    assert found == seconds


@pytest.mark.parametrize("given", NO_NUMBERS)
def test_what_is_no_number_is_refused(given: Any) -> None:
    for take in (number, length):
        with pytest.raises(OptionError, match="delay="):
            take(given, "delay")
        with pytest.raises(WorkerError):
            take(given, "delay", WorkerError)


def test_a_limit_is_seconds_or_none() -> None:
    assert limit(None) is None
    assert limit(0) == 0.0
    assert limit(1.5) == 1.5
    assert limit(timedelta(seconds=2)) == 2.0
    for endless in (math.inf, FOREVER, 10**400, timedelta.max):
        assert limit(endless) is None


@pytest.mark.parametrize(
    "given", [-1, -0.001, -math.inf, timedelta(-1), *NO_NUMBERS[1:]]
)
def test_a_limit_is_nothing_else(given: Any) -> None:
    with pytest.raises(OptionError, match="timeout="):
        limit(given)


def test_a_length_is_more_than_0_and_ends() -> None:
    assert length(0.1, "heartbeat") == 0.1
    assert length(math.inf, "heartbeat") == FOREVER
    for given in (0, -1, timedelta(0)):
        with pytest.raises(OptionError, match="more than 0"):
            length(given, "heartbeat")


def test_a_long_value_is_cut_in_the_error() -> None:
    with pytest.raises(OptionError) as caught:
        number("x" * 10_000, "delay")
    assert len(str(caught.value)) < 200
