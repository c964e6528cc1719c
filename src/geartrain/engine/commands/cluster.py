"""The text command that tells of other job servers: helped by this one, and helping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.health import (
    ALIVE,
    EXPIRED,
    LEADING,
    LOST,
    UNKNOWN,
    StoreNode,
)
from geartrain.engine.model.links import AWAY, CONNECTED, LinkReport
from geartrain.engine.model.marks import Mark
from geartrain.engine.model.nodes import Node
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.lost_nodes import lost_nodes
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["cluster"]

# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 30
# Functions that a row names.
_MOST_NAMES: Final = 1000


def cluster(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell of this job server as a node, and in rows of the others that it knows.

    First come those that share its store, then those that it helps, and its helpers.
    """
    if len(words) > 1:
        return invalid("cluster takes nothing")
    peer.rest = _list(state, peer)
    return b""


def _list(state: State, viewer: Peer) -> Iterator[bytes]:
    nodes = state.health.nodes
    yield _self(state, [each for each in nodes if each.is_self])
    for sharing in nodes:
        if not sharing.is_self:
            yield row({"role": "node", **_shared(state, sharing)})
    for mark in lost_nodes(state):
        yield _lost(state, mark)
    for link in list(state.links):
        yield _helped(state, viewer, link)
    for node in list(state.nodes.values()):
        yield _helper(state, viewer, node)
    yield END_OF_LIST


def _self(state: State, nodes: list[StoreNode]) -> bytes:
    """Tell of the job server that was asked."""
    options, health = state.options, state.health
    return row(
        {
            "role": "self",
            "node": text(options.node_name),
            "identity": text(options.node_identity),
            "store": health.location,
            "durability": health.durability or None,
            **(_shared(state, nodes[0]) if nodes else {}),
        }
    )


def _shared(state: State, node: StoreNode) -> dict[str, object]:
    """Tell of a job server what the table of those says that share the store."""
    state.turns.work += _ROW
    left = node.lease_until - state.now
    stands = LEADING if node.is_leading else ALIVE
    if left <= 0:
        # What has not renewed its own lease has not seen whether others did.
        is_blind = state.is_fenced and not node.is_self
        stands = UNKNOWN if is_blind else EXPIRED
    return {
        "node": node.name,
        "identity": text(node.identity),
        "address": node.address or None,
        "host": node.host,
        "state": stands,
        "since": round(node.started, 3),
        "lease": round(max(left, 0.0), 1),
        "lanes": list(node.lanes),
    }


def _lost(state: State, mark: Mark) -> bytes:
    """Tell of a job server whose store this one has, and its jobs since it crashed."""
    state.turns.work += _ROW
    return row(
        {
            "role": "node",
            "node": mark.node,
            "identity": None,
            "address": None,
            "host": None,
            "state": LOST,
            "since": round(mark.time, 3),
            "lease": 0.0,
            "lanes": [],
        }
    )


def _helped(state: State, viewer: Peer, link: LinkReport) -> bytes:
    """Tell of a job server whose jobs this one's workers do."""
    state.turns.work += _ROW
    return row(
        {
            "role": "helped",
            "node": text(link.name) or None,
            "identity": text(link.identity) or None,
            "address": link.address,
            "found": link.is_found,
            "state": link.state,
            "since": round(link.since, 3) or None,
            "functions": _names(state, viewer, list(link.offered)),
            "running": link.running,
            "jobs": link.taken,
            "returned": link.returned,
            "failed": None,
            "error": link.error or None,
        }
    )


def _helper(state: State, viewer: Peer, node: Node) -> bytes:
    """Tell of a job server whose workers do this one's jobs."""
    state.turns.work += _ROW
    offered: dict[bytes, None] = {}
    for peer in node.peers:
        offered |= dict.fromkeys([function.name for function in peer.abilities])
    running, failed = node.running(), node.failed_total()
    return row(
        {
            "role": "helper",
            "node": text(node.name),
            "identity": text(node.identity),
            "address": text(node.address),
            "state": CONNECTED if node.peers else AWAY,
            "since": round(node.since + state.calendar_shift(), 3),
            "functions": _names(state, viewer, list(offered)),
            "running": running,
            "jobs": running + node.succeeded_total() + failed,
            "returned": None,
            "failed": failed,
            "error": None,
        }
    )


def _names(state: State, viewer: Peer, names: list[bytes]) -> list[str]:
    state.turns.work += len(names) >> 2
    return [text(name) for name in names[:_MOST_NAMES] if viewer.may(SEE, name)]
