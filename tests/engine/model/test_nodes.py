"""Nodes count what their connections did, also those that have ended."""

from __future__ import annotations

from geartrain.engine.model.nodes import Node
from geartrain.engine.model.peers import Peer
from geartrain.protocol.parser import Parser
from geartrain.protocol.room import Room


def connected(node: Node, succeeded: int, failed: int) -> Peer:
    peer = Peer(0, b"", True, Parser(1000, Room()), [])
    peer.succeeded, peer.failed = succeeded, failed
    node.peers[peer] = None
    return peer


def test_connections_are_counted_together_and_after_their_end() -> None:
    node = Node(b"id", b"name")
    first = connected(node, 3, 1)
    connected(node, 4, 0)
    assert (node.succeeded_total(), node.failed_total()) == (7, 1)
    node.leave(first)
    assert (node.succeeded_total(), node.failed_total()) == (7, 1)
    assert node.running() == 0
