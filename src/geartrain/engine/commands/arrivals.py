"""Arrivals: what is to be known of a peer that has connected."""

from __future__ import annotations

from geartrain.engine.commands.common import turn_away
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.principals import Identity
from geartrain.engine.state import limits, tracing
from geartrain.engine.state.state import State
from geartrain.protocol.room import FULL

__all__ = ["arrive"]


def arrive(state: State, peer: Peer, identity: Identity) -> None:
    """Take in a peer, or turn it away where there is no room for it."""
    peer.identity = identity
    peer.access = state.rules.find(identity)
    peer.wants_exceptions = state.options.exceptions
    peer.since = peer.heard = state.now
    state.last_peer += 1
    peer.number = state.last_peer
    state.peers[peer] = None
    if state.traces:
        tracing.meet(state, peer)
    too_many = limits.enter(state, peer)
    if too_many:
        turn_away(state, peer, too_many)
    elif state.memory.room.is_over:
        state.memory.room.refused += 1
        turn_away(state, peer, FULL)
