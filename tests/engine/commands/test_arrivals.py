"""What is known of a peer from the beginning."""

from __future__ import annotations

from tests.support.dialogue import World


def test_peers_are_numbered_and_their_time_is_known(world: World) -> None:
    first = world.client().engine_peer
    second = world.engine.connect(99, b"::1", False, now=world.now + 5.0)
    assert second.number == first.number + 1
    assert second.since == second.heard == world.now + 5.0


def test_whoever_comes_where_there_is_no_room_is_turned_away(world: World) -> None:
    world.engine.state.memory.room.is_over = True
    late = world.client().engine_peer
    assert late.is_closing
    assert world.engine.state.memory.room.refused == 1
