"""Readings of the system's clocks."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from geartrain.server.clock import Clock


def counting(times: list[float]) -> Callable[[], float]:
    """Return a clock that shows one time after the other, and then stays."""
    return lambda: times.pop(0) if len(times) > 1 else times[0]


def test_the_systems_clocks_are_read() -> None:
    offset, asleep = Clock().read_first()
    assert abs(offset - (time.time() - time.monotonic())) < 1
    assert asleep >= 0 or abs(asleep) < 1


def test_a_reading_says_how_the_clocks_relate() -> None:
    clock = Clock()
    clock.monotonic = lambda: 100.0
    clock.time = lambda: 1000.0
    clock.sleepless = lambda: 130.0
    assert clock.read() == (900.0, 30.0)


def test_a_reading_that_was_interrupted_says_nothing() -> None:
    clock = Clock()
    clock.time = lambda: 1000.0
    clock.sleepless = lambda: 130.0
    clock.monotonic = counting([100.0, 100.0, 100.5])
    assert clock.read() is None
    clock.monotonic = counting([100.0, 100.5, 100.5])
    assert clock.read() is None
    clock.monotonic = counting([100.0, 100.0, 100.5, 101.0, 101.0, 101.0])
    assert clock.read_first() == (899.0, 29.0)


@pytest.mark.parametrize("gap", [0.001, 1.0])
def test_on_a_machine_that_is_always_busy_the_last_reading_counts(gap: float) -> None:
    clock = Clock()
    clock.time = lambda: 1000.0
    clock.sleepless = lambda: 0.0
    now = 0.0

    def busy() -> float:
        nonlocal now
        now += gap
        return now

    clock.monotonic = busy
    offset, _ = clock.read_first()
    assert offset == 1000.0 - now
