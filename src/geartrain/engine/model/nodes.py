"""Nodes: job servers that take jobs of this one, each by one or several connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.timers import Timed

if TYPE_CHECKING:
    from geartrain.engine.model.peers import Peer

__all__ = ["Node"]


class Node(Timed):
    """A job server that is a worker of this one.

    Its timer rings when it should have been heard.
    """

    def __init__(self, identity: bytes, name: bytes) -> None:
        super().__init__()
        self.identity = identity
        """What tells its process apart from all others."""
        self.name = name
        """As it calls itself."""
        self.address = b""
        """The numeric host that it last came from."""
        self.since = 0.0
        """Since when it is connected, or away, a server time."""
        self.peers: dict[Peer, None] = {}
        """Its connections."""
        self.looks: list[float] = []
        """When the last looks were, by the steady clock, the oldest first."""
        self.is_told = False
        """It was logged that it takes jobs, and not yet that it has left."""
        self.succeeded = 0
        """How many jobs succeeded by connections that have ended."""
        self.failed = 0
        """How many attempts failed by them, or went to others."""

    def leave(self, peer: Peer) -> None:
        """Part it from a connection that has ended, and keep what that counted.

        What it runs is about to go to others.
        """
        del self.peers[peer]
        self.succeeded += peer.succeeded
        self.failed += peer.failed + peer.lost_count + len(peer.running)

    def running(self) -> int:
        """Return how many jobs it runs."""
        return sum([len(peer.running) for peer in self.peers])

    def succeeded_total(self) -> int:
        """Return how many jobs it has run with success."""
        return self.succeeded + sum([peer.succeeded for peer in self.peers])

    def failed_total(self) -> int:
        """Return how many of its attempts failed, or went to others."""
        lost = [peer.failed + peer.lost_count for peer in self.peers]
        return self.failed + sum(lost)
