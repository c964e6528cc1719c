"""What an owner may use, and what it uses."""

from __future__ import annotations

from geartrain.engine.model.limits import NO_LIMITS, Limits, Load, Usage


def test_nothing_is_limited_unless_it_is_said() -> None:
    assert not any(NO_LIMITS)
    assert Limits(connections=2) == Limits(2, 0, 0, 0)


def test_an_owner_that_comes_may_submit_what_a_second_allows() -> None:
    usage = Usage(b"10.0.0.1", Limits(submissions=5), False, 7.0)
    assert (usage.allowance, usage.counted_at) == (5.0, 7.0)
    assert (usage.connections, usage.peers, usage.waiting.jobs) == (0, 0, 0)


def test_a_load_does_not_go_below_nothing() -> None:
    load = Load()
    load.add(10)
    load.add(5)
    load.remove(10)
    assert (load.jobs, load.size) == (1, 5)
    load.remove(100)
    load.remove(100)
    assert (load.jobs, load.size) == (0, 0)
