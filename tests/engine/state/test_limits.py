"""Limits by address: connections, and submissions a second."""

from __future__ import annotations

import pytest

import geartrain
from geartrain.engine.model.limits import Limits
from geartrain.engine.state import limits
from tests.support.dialogue import DialoguePeer, World


def limited(connections: int = 0, submissions: int = 0) -> World:
    return World(limits=Limits(connections, submissions))


def submitted(client: DialoguePeer, count: int) -> list[str]:
    """Submit jobs; return the names of the answers."""
    for _ in range(count):
        client.submit_job_bg(b"f", b"", b"w")
    return [each.name for each in client.received]


def test_without_limits_nothing_is_counted() -> None:
    world = World()
    assert submitted(world.client(), 100) == ["job_created"] * 100
    assert world.engine.state.usages == {}


def test_one_connection_too_many_is_turned_away() -> None:
    world = limited(connections=2)
    first, second = world.client(), world.client()
    third = world.client()
    world.deliver()
    (answer,) = third.received
    assert answer.arguments[0] == b"QUEUE_ERROR"
    assert b"127.0.0.1 has 2 connections" in answer.arguments[1]
    assert b"--max-connections-per-address" in answer.arguments[1]
    assert third.is_closed
    # The others go on.
    assert submitted(first, 1) == submitted(second, 1) == ["job_created"]


def test_a_connection_that_ends_makes_room() -> None:
    world = limited(connections=1)
    world.client().leave()
    assert submitted(world.client(), 1) == ["job_created"]


def test_addresses_count_apart_and_unix_sockets_do_not() -> None:
    world = limited(connections=1)
    engine = world.engine
    addresses = [b"10.0.0.1", b"10.0.0.2", b"unix", b"unix"]
    peers = [
        engine.connect(number, address, False)
        for number, address in enumerate(addresses, 1)
    ]
    assert not any(peer.is_closing for peer in peers)
    # Nor does a request of HTTP, which has no descriptor.
    assert not engine.connect(0, b"10.0.0.1", False).is_closing
    assert engine.connect(9, b"10.0.0.1", False).is_closing
    for peer in peers:
        engine.disconnect(peer, world.now)
    assert set(engine.state.usages) == {b"10.0.0.1"}


def test_addresses_of_one_ipv6_site_count_together() -> None:
    world = limited(connections=1)
    addresses = (b"2001:db8::1", b"2001:db8::2", b"2001:db8:0:1::1", b"::1", b"-")
    peers = [
        world.engine.connect(number, address, False)
        for number, address in enumerate(addresses, 1)
    ]
    assert [each.is_closing for each in peers] == [False, True, False, False, False]
    assert set(world.engine.state.usages) == {
        *(b"2001:db8::/64", b"2001:db8:0:1::/64", b"::1", b"-"),
    }


def test_jobs_beyond_the_limit_are_refused_until_a_second_has_passed() -> None:
    world = limited(submissions=3)
    client = world.client()
    assert submitted(client, 5) == ["job_created"] * 3 + ["error"] * 2
    client.submit_job_bg(b"f", b"", b"w")
    (answer,) = client.received
    assert answer.arguments[0] == b"QUEUE_ERROR"
    assert b"more than the 3 jobs a second" in answer.arguments[1]
    world.advance(0.34)
    assert submitted(client, 2) == ["job_created", "error"]
    world.advance(100)
    assert submitted(client, 4) == ["job_created"] * 3 + ["error"]


def test_who_comes_again_has_no_new_allowance() -> None:
    world = limited(submissions=2)
    client = world.client()
    assert submitted(client, 2) == ["job_created"] * 2
    client.leave()
    assert submitted(world.client(), 1) == ["error"]


@pytest.mark.skipif(
    geartrain.core_build() == "compiled",
    reason="its bounds are constants there: the pure build is tested",
)
def test_addresses_at_rest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_KEPT", 3)
    world = limited(submissions=1)
    engine = world.engine
    for number in range(10):
        peer = engine.connect(1, b"10.0.0.%d" % number, False)
        engine.disconnect(peer, world.now)
        world.advance(2)
    assert len(engine.state.usages) <= 4
