"""Nodes that work for this job server: who they are, and whether they are alive.

A worker may be silent for as long as its job takes. A node never is: it sends something
every five seconds on each connection. One that hangs, or is behind a network that has
failed, would keep its jobs for as long as TCP takes to notice; so it is looked at.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.nodes import Node
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.texts import counted, quoted, shown

__all__ = ["be_offered", "leave", "look", "meet"]

# Seconds from one look at a node to the next, and how many looks in a row may find it
# silent. Several, each of which finds that time has passed: a job server that was
# stopped itself for a minute has heard nobody either.
_LOOK: Final = 5.0
_MOST_MISSES: Final = 3

# Nodes that are away and remembered.
_MOST_AWAY: Final = 100


def meet(state: State, peer: Peer, identity: bytes, name: bytes) -> None:
    """Learn that a peer is a connection of a node."""
    node = state.nodes.pop(identity, None)
    if node is None:
        node = Node(identity, name)
        _go_on(state, node)
    state.nodes[identity] = node
    node.name = name
    node.address = peer.address
    if not node.peers:
        node.since = state.server_time()
        node.looks = []
        _look_later(state, node)
    # Nobody addresses a job to it: it stands for others.
    state.wakeups.addressees.leave(peer)
    node.peers[peer] = None
    peer.node = node
    # One that has abilities already was taken for a worker.
    state.wakeups.come(peer)
    state.wakeups.leave(peer)
    if peer.abilities:
        be_offered(state, node)
    _forget_some(state)


def be_offered(state: State, node: Node) -> None:
    """Learn that a node can do jobs of this job server, and log it when that is new.

    Not before: a node says who it is on each connection it tries. If this job server
    was stopped it finds several that ended meanwhile, and a node that looks for the one
    that was here before leaves at once. Functions are offered by those who got an
    answer and stay.
    """
    if not node.is_told:
        node.is_told = True
        _say(state, node, "node_connected", "takes jobs of this job server")


def _go_on(state: State, node: Node) -> None:
    """Have a node that has started again go on with what its life before counted."""
    for identity, before in list(state.nodes.items()):
        if node.name and before.name == node.name and not before.peers:
            del state.nodes[identity]
            node.succeeded += before.succeeded
            node.failed += before.failed


def leave(state: State, peer: Peer, node: Node) -> None:
    """Learn that a connection of a node has ended."""
    node.leave(peer)
    if not node.peers:
        node.since = state.server_time()
        state.alarms.cancel(node)
        if node.is_told:
            node.is_told = False
            _say(state, node, "node_left", "takes jobs no more")


def look(state: State, node: Node) -> None:
    """Close those of a node's connections that have been silent for too long.

    Each is looked at by itself: a node that came back over a network that had failed
    has new ones, and jobs on old ones whose end never arrived here.
    """
    if len(node.looks) == _MOST_MISSES:
        first = node.looks.pop(0)
        silent = [
            peer
            for peer in node.peers
            if peer.heard < first and not (peer.is_closing or _is_kept_waiting(peer))
        ]
        if silent:
            _give_up(state, node, silent)
    _look_later(state, node)


def _is_kept_waiting(peer: Peer) -> bool:
    """Tell whether nothing is read of a peer because of this job server alone."""
    has_work = peer.is_busy or peer.is_asking or peer.relays > 0
    return has_work and not peer.is_congested


def _give_up(state: State, node: Node, silent: list[Peer]) -> None:
    """Close connections of a node on which nothing more is to be expected."""
    heard = max([peer.heard for peer in silent])
    jobs = sum([len(peer.running) for peer in silent])
    where = f"on {counted(len(silent), 'connection')} of {len(node.peers)}"
    what = f": {counted(jobs, 'job')} {'goes' if jobs == 1 else 'go'} to others"
    state.warn(
        "node_silent",
        f"node {quoted(node.name)} at {shown(node.address)} has been silent for"
        f" {state.now - heard:.0f} s {where}{what if jobs else ''}",
    )
    for peer in silent:
        peer.is_closing = True
        state.closing.append(peer)


def _look_later(state: State, node: Node) -> None:
    node.looks.append(state.now)
    state.alarms.set(node, state.server_time() + _LOOK)


def _say(state: State, node: Node, action: str, what: str) -> None:
    text = f"node {quoted(node.name)} at {shown(node.address)} {what}"
    state.notices.append(Notice("info", action, text))


def _forget_some(state: State) -> None:
    """Forget those that have been away for longest."""
    if len(state.nodes) <= _MOST_AWAY:
        return
    for identity, node in list(state.nodes.items()):
        if not node.peers and len(state.nodes) > _MOST_AWAY:
            del state.nodes[identity]
