"""How much of one kind is logged."""

from __future__ import annotations

import logging

from geartrain.server.log_limits import LogLimits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def record(
    words: str, *, name: str = "geartrain.server", action: str = ""
) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, "", 0, words, (), None)
    if action:
        made.action = action
    return made


def passed(limits: LogLimits, made: logging.LogRecord, times: int) -> int:
    return sum(limits.lets_pass(made) for _ in range(times))


def test_a_kind_may_log_a_thousand_lines_and_then_100_a_second() -> None:
    clock = Clock()
    limits = LogLimits(clock)
    bad = record("closing %s")
    assert passed(limits, bad, 5000) == 1000
    clock.now += 1.0
    assert passed(limits, bad, 5000) == 100
    clock.now += 3600.0
    assert passed(limits, bad, 5000) == 1000


def test_kinds_do_not_count_for_each_other() -> None:
    limits = LogLimits(Clock())
    passed(limits, record("%s", action="peer_expelled"), 5000)
    assert passed(limits, record("%s", action="page_failed"), 10) == 10
    assert passed(limits, record("%s, stopping"), 10) == 10


def test_what_others_log_always_passes() -> None:
    limits = LogLimits(Clock())
    assert passed(limits, record("hello", name="shop.mail"), 5000) == 5000


def test_what_was_left_out_is_told_once() -> None:
    limits = LogLimits(Clock())
    passed(limits, record("%s", action="peer_expelled"), 1007)
    assert limits.take_left_out() == [("peer_expelled", 7)]
    assert limits.take_left_out() == []


def test_kinds_without_end_take_no_memory_without_end() -> None:
    limits = LogLimits(Clock())
    for number in range(5000):
        assert limits.lets_pass(record(f"odd {number}"))
    assert len(limits._kinds) <= 2000
