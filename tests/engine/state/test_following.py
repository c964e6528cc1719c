"""Following costs each turn its share, however much there is to tell."""

from __future__ import annotations

from geartrain.engine.dispatch.turns import TURN_SHARE
from tests.support.dialogue import World


def test_a_turn_tells_a_share() -> None:
    world = World()
    followers = [world.connect() for _ in range(100)]
    for follower in followers:
        follower.text("events")
        world.engine.congest(follower.engine_peer)
    client = world.connect()
    for _ in range(400):
        client.submit_job_bg(b"f", b"", b"w")
    world.advance(1.0)
    for follower in followers:
        follower.engine_peer.is_congested = False
    world.goes_on = False
    turns = world.engine.state.turns
    world.engine.relieve(followers[0].engine_peer)
    world.engine.tick(world.now)
    rounds = 0
    while world.engine.has_more():
        before = turns.work
        world.engine.go_on(world.now)
        assert turns.work - before <= 2 * TURN_SHARE
        world.engine.take_unsent()
        rounds += 1
    assert rounds > 2
    events = world.engine.state.events
    positions = {each.position for each in world.engine.state.followers.values()}
    assert positions == {events.last}
