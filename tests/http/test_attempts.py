"""How often an address may try to log in."""

from __future__ import annotations

from geartrain.http.attempts import Attempts


class Clock:
    """A clock that tests move."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_five_failures_at_once_and_then_one_each_ten_seconds() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(5):
        assert attempts.wait("10.0.0.1") == 0
        attempts.note("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 10
    assert attempts.wait("10.0.0.2") == 0
    clock.now += 10
    assert attempts.wait("10.0.0.1") == 0
    attempts.note("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 10
    clock.now += 1000
    for _ in range(5):
        assert attempts.wait("10.0.0.1") == 0
        attempts.note("10.0.0.1")


def test_one_that_was_right_does_not_count() -> None:
    attempts = Attempts(Clock())
    for _ in range(20):
        attempts.note("10.0.0.1")
        attempts.forgive("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 0
    attempts.forgive("10.0.0.9")


def test_all_addresses_of_a_site_are_one() -> None:
    attempts = Attempts(Clock())
    for number in range(5):
        attempts.note(f"2001:db8::{number + 1}")
    assert attempts.wait("2001:db8::ffff") > 0
    assert attempts.wait("2001:db8:0:1::1") == 0


def test_a_bounded_number_of_addresses_is_remembered() -> None:
    attempts = Attempts(Clock())
    for number in range(20_000):
        attempts.note(f"10.0.{number >> 8}.{number & 255}")
    assert len(attempts._clear_at) == 10_000
