"""Nodes that fall silent."""

from __future__ import annotations

from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    job_assign,
)
from tests.support.node_dialogues import is_closed, node
from tests.support.wakeups import submit


def test_a_silent_node_is_given_up(world: World, client: DialoguePeer) -> None:
    worker = node(world, "a", "f")
    submit(client)
    worker.grab_job()
    for _ in range(10):
        world.advance(5)
        worker.echo_req(b"")
    assert not is_closed(worker)
    world.advance(21)
    world.deliver()
    assert is_closed(worker)
    (notice,) = [each for each in world.notices() if each.action == "node_silent"]
    assert "silent for 20 s on 1 connection of 1: 1 job goes to others" in notice.text
    worker.leave()
    own = world.worker("f")
    own.grab_job()
    assert own.received == [job_assign(H1, b"f", b"w")]


def test_a_job_server_that_was_stopped_gives_nobody_up(world: World) -> None:
    worker = node(world, "a", "f")
    world.now += 600
    world.engine.tick(world.now)
    world.deliver()
    assert not is_closed(worker)


def test_of_a_node_that_came_back_the_old_connection_is_given_up(
    world: World, client: DialoguePeer
) -> None:
    old = node(world, "a", "f")
    submit(client)
    old.grab_job()
    new = node(world, "a", "f")
    for _ in range(5):
        world.advance(5)
        new.echo_req(b"")
    world.deliver()
    assert is_closed(old)
    assert not is_closed(new)
    old.leave()
    new.take_bytes()
    new.grab_job()
    assert new.received == [job_assign(H1, b"f", b"w")]


def test_a_node_that_is_not_read_from_is_not_given_up(world: World) -> None:
    worker = node(world, "a", "f")
    worker.engine_peer.is_busy = True
    for _ in range(10):
        world.advance(5)
    world.deliver()
    assert not is_closed(worker)
    worker.engine_peer.is_congested = True
    world.advance(5)
    world.deliver()
    assert is_closed(worker)


def told(world: World) -> list[str]:
    """Return what was logged of a node that came or left, since this was asked."""
    actions = [each.action for each in world.notices()]
    return [each for each in actions if each in ("node_connected", "node_left")]


def test_a_node_is_told_of_once_it_can_do_something(world: World) -> None:
    for _ in range(3):
        node(world, "a").leave()
    assert told(world) == []
    idle, first, second = node(world, "a"), node(world, "a", "f"), node(world, "a", "g")
    assert told(world) == ["node_connected"]
    first.leave()
    second.leave()
    assert told(world) == []
    idle.leave()
    assert told(world) == ["node_left"]


def test_one_that_offered_something_before_it_said_who_it_is_is_told_of(
    world: World,
) -> None:
    peer = world.connect()
    peer.can_do(b"f")
    peer.option_req(b"node\x001\0a")
    assert told(world) == ["node_connected"]
