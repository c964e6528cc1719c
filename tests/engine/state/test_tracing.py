"""What is traced costs nobody else anything."""

from __future__ import annotations

from tests.support.dialogue import World


def test_a_watcher_that_asks_twice_has_one_trace() -> None:
    world = World()
    client, watcher = world.client(), world.admin()
    for _ in range(3):
        watcher.text(f"trace {client.engine_peer.number}")
    assert len(world.engine.state.traces) == len(world.engine.state.taps) == 1
    assert len(world.engine.state.alarms) == 1


def test_a_large_packet_is_told_with_its_size_alone() -> None:
    world = World(max_packet=8 * 1024 * 1024)
    client, watcher = world.client(), world.admin()
    watcher.text(f"trace {client.engine_peer.number}")
    client.echo_req(b"x" * 5_000_000)
    (answer,) = watcher.received
    received, sent = answer.arguments[0].splitlines()
    assert b'"size": 5000000' in received
    assert b'"size": 5000000' in sent
    assert len(received) < 300
