"""Limits by address: who comes, who goes, who submits.

An address is one owner of limits, whatever it has of connections; so are all of one
IPv6 site, which could take another for each. What it may submit is
an allowance that grows by the limit each second, up to that of one second; it outlives
its connections, so that nobody gets a new one by coming again.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.limits import Usage
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.principals import site_of
from geartrain.engine.state.state import State
from geartrain.texts import shown

__all__ = ["enter", "leave", "may_submit", "too_many_submissions"]

# What has no limits: whoever may open a unix socket is on this machine.
_FREE: Final = b"unix"
# Addresses whose allowances are remembered before those at rest are forgotten.
_MOST_KEPT: Final = 10_000


def enter(state: State, peer: Peer) -> bytes:
    """Count a peer that comes; return why it is to be turned away, if so.

    A peer without a descriptor is a request of HTTP, which is no connection here.
    """
    limits = state.options.limits
    if not (limits.connections or limits.submissions) or peer.address == _FREE:
        return b""
    owner = site_of(peer.address.decode("latin-1")).encode("latin-1")
    usage = state.usages.get(owner)
    if usage is None:
        if len(state.usages) >= _MOST_KEPT:
            _forget_some(state)
        usage = Usage(owner, float(limits.submissions), state.now)
        state.usages[owner] = usage
    peer.usage = usage
    usage.peers += 1
    if peer.descriptor == 0:
        return b""
    usage.connections += 1
    if not limits.connections or usage.connections <= limits.connections:
        return b""
    return (
        f"{shown(peer.address)} has {limits.connections} connections, as many as"
        " --max-connections-per-address allows: close some"
    ).encode()


def leave(state: State, peer: Peer) -> None:
    """Count a peer that goes."""
    usage = peer.usage
    if usage is None:
        return
    peer.usage = None
    usage.peers -= 1
    if peer.descriptor:
        usage.connections -= 1
    if not (usage.peers or state.options.limits.submissions):
        del state.usages[usage.owner]


def may_submit(state: State, usage: Usage) -> bool:
    """Tell whether an address may submit one more job now, and count it."""
    most = state.options.limits.submissions
    if not most:
        return True
    passed = max(0.0, state.now - usage.counted_at)
    usage.counted_at = state.now
    usage.allowance = min(float(most), usage.allowance + passed * most)
    if usage.allowance < 1.0:
        return False
    usage.allowance -= 1.0
    return True


def too_many_submissions(state: State, usage: Usage) -> bytes:
    """Return the refusal of a submission."""
    most = state.options.limits.submissions
    return (
        f"{shown(usage.owner)} submits more than the {most} jobs a second that"
        " --max-submissions-per-address allows: try again later"
    ).encode()


def _forget_some(state: State) -> None:
    """Forget addresses without connections whose allowance is whole again."""
    for owner, usage in list(state.usages.items()):
        if not usage.peers and state.now - usage.counted_at >= 1.0:
            del state.usages[owner]
