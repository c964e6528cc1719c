"""Rules of access that change: open connections follow them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.common import send_error
from geartrain.engine.commands.permission import check_function
from geartrain.engine.commands.worker import withdraw_ability
from geartrain.engine.model.access import WORK, Rules
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import limits
from geartrain.engine.state.state import State
from geartrain.errors import PacketError
from geartrain.texts import shown

__all__ = ["follow_rules"]

# Units of work, as ``turns`` counts it: to find out who a peer is, and of an ability
# that is withdrawn.
_FIND: Final = 10
_WITHDRAW: Final = 20


def follow_rules(state: State, rules: Rules) -> Iterator[None]:
    """Give each peer the access that it has by these rules, unless others came since.

    A worker loses the abilities that it may not have any more, as by CANT_DO. Whoever
    has shown a token that is no longer known is disconnected, unless something is due
    to it: a worker would sleep on without a word, and its file may have a new token.
    """
    for peer in list(state.peers):
        if state.rules is not rules:
            return
        if peer.is_closing:
            continue
        state.turns.work += _FIND
        peer.access = rules.find(peer.identity)
        # Where its principal has more connections than it may, they stay.
        limits.follow(state, peer)
        yield
        yield from _withdraw(state, peer)
        if state.rules is rules and _has_lost_token(peer, rules):
            _dismiss(state, peer)


def _has_lost_token(peer: Peer, rules: Rules) -> bool:
    token = peer.identity.token
    return bool(token) and not rules.is_empty() and not rules.knows_token(token)


def _dismiss(state: State, peer: Peer) -> None:
    """Close the connection of a peer to which nothing is due."""
    is_due = peer.awaited or peer.running or peer.held or peer.relays or peer.wait
    if is_due or peer.is_busy or peer.is_asking or peer.is_closing:
        return
    peer.is_closing = True
    state.closing.append(peer)
    state.warn(
        "token_revoked",
        f"closing {shown(peer.address)} ({peer.descriptor}): its token is no longer"
        " known",
    )


def _withdraw(state: State, peer: Peer) -> Iterator[None]:
    for function in list(peer.abilities):
        if function in peer.abilities and not peer.may(WORK, function.name):
            state.turns.work += _WITHDRAW
            withdraw_ability(state, peer, function)
            if peer.node is not None:
                _tell(state, peer, function.name)
            yield


def _tell(state: State, peer: Peer, name: bytes) -> None:
    """Tell a node, which tries again now and then, and tells its operators."""
    try:
        check_function(state, peer, WORK, name)
    except PacketError as refusal:
        send_error(peer, refusal.code, refusal.text)
