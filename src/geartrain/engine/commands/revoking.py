"""Rules of access that change: open connections follow them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.worker import withdraw_ability
from geartrain.engine.model.access import WORK, Rules
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State

__all__ = ["follow_rules"]

# Units of work, as ``turns`` counts it: to find out who a peer is, and of an ability
# that is withdrawn.
_FIND: Final = 10
_WITHDRAW: Final = 20


def follow_rules(state: State, rules: Rules) -> Iterator[None]:
    """Give each peer the access that it has by these rules, unless others came since.

    A worker loses the abilities that it may not have any more, as by CANT_DO.
    """
    for peer in list(state.peers):
        if state.rules is not rules:
            return
        if peer.is_closing:
            continue
        state.turns.work += _FIND
        peer.access = rules.find(peer.identity)
        yield
        yield from _withdraw(state, peer)


def _withdraw(state: State, peer: Peer) -> Iterator[None]:
    for function in list(peer.abilities):
        if function in peer.abilities and not peer.may(WORK, function.name):
            state.turns.work += _WITHDRAW
            withdraw_ability(state, peer, function)
            yield
