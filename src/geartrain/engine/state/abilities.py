"""Abilities: what changes in dispatch when a worker can do more or less.

A node may decline a function for a while, because limits at that job server let none of
its jobs start there. It is still a worker of the function: jobs are not without one.
"""

from __future__ import annotations

from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import ASLEEP, Peer
from geartrain.engine.state.state import State

__all__ = ["accept", "begin_change", "decline"]


def begin_change(state: State, peer: Peer) -> None:
    """Take a worker whose abilities change from its crew.

    One that sleeps is put to sleep again, or woken for its new ability, when all
    its packets at hand have been read.
    """
    if peer.wakefulness is ASLEEP:
        state.unsettled.append(peer)
        _loosen(state, peer)
        return
    promised = state.wakeups.come(peer)
    _loosen(state, peer)
    if promised is not None:
        state.wakeups.pass_on(promised, state.now)


def _loosen(state: State, peer: Peer) -> None:
    crew = peer.crew
    if crew is not None:
        state.turns.work += crew.candidate_count() >> 5
        state.wakeups.loosen(peer)


def decline(state: State, peer: Peer, name: bytes) -> None:
    """Give a node no job of a function that it can do until it accepts it again."""
    function = state.functions.get(name)
    if function is None or function not in peer.abilities:
        return
    if function not in peer.declined:
        begin_change(state, peer)
        if not peer.declined:
            peer.declined = {}
        peer.declined[function] = None
        state.wakeups.lose(peer, function)


def accept(state: State, peer: Peer, function: Function) -> None:
    """Give a node jobs of a function again if it has declined it."""
    if function in peer.declined:
        begin_change(state, peer)
        del peer.declined[function]
        state.wakeups.gain(peer, function)
