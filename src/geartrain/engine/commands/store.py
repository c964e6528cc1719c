"""The text command that tells how the store is."""

from __future__ import annotations

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.rows import row
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["store"]


def store(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell in a row how the store is, and what waits to be saved."""
    if len(words) > 1:
        return invalid("store takes no arguments")
    health = state.health
    said = row(
        {
            "store": health.location,
            "state": health.state,
            "reason": health.reason or None,
            "since": health.since or None,
            "unsaved": state.journal.unsaved(),
            "unkept": state.journal.unkept(),
            "size": health.size,
            "free": health.free,
        }
    )
    return said + END_OF_LIST
