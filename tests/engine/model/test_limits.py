"""Limits of addresses as data: off unless they are set."""

from __future__ import annotations

from geartrain.engine.model.limits import NO_LIMITS, Limits, Usage


def test_there_are_none_unless_told() -> None:
    assert Limits() == NO_LIMITS == (0, 0)


def test_an_address_begins_with_its_whole_allowance() -> None:
    usage = Usage(b"10.0.0.7", 5.0, 100.0)
    assert (usage.connections, usage.peers) == (0, 0)
    assert (usage.allowance, usage.counted_at) == (5.0, 100.0)
