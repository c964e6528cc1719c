"""Limits by owner: who comes, who goes, who submits.

A peer counts for each principal with limits that it is, and for its address where
addresses have limits. All addresses of one IPv6 site are one owner: whoever has one of
them could take another for each connection. What an owner may submit is an allowance
that grows by the limit each second, up to that of one second; it outlives the owner's
connections, so that nobody gets a new one by coming again.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.limits import Limits, Usage
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.principals import is_site, site_of
from geartrain.engine.state.state import State
from geartrain.texts import shown

__all__ = [
    "allowance",
    "enter",
    "follow",
    "leave",
    "refusal",
    "renew",
    "retire",
    "usage_of",
    "whose",
]

# What has no limits: whoever may open a unix socket is on this machine.
_FREE: Final = b"unix"
# Owners whose usage is remembered before those at rest are forgotten.
_MOST_KEPT: Final = 10_000


def enter(state: State, peer: Peer) -> bytes:
    """Count a peer that comes; return why it is to be turned away, if so.

    A peer without a descriptor is a request of HTTP, which is no connection here.
    """
    if any(state.options.limits) and peer.address != _FREE:
        owner = site_of(peer.address.decode("latin-1")).encode("latin-1")
        _join(state, peer, usage_of(state, owner))
    return follow(state, peer)


def follow(state: State, peer: Peer) -> bytes:
    """Count a peer for the principals that it is now; return why it is one too many.

    To be called whenever its access may have changed.
    """
    access = peer.access
    names = access.limited if access is not None else ()
    for usage in list(peer.usages):
        if usage.is_principal and usage.owner not in names:
            _part(state, peer, usage)
    known = [usage.owner for usage in peer.usages if usage.is_principal]
    for name in reversed(names):
        if name not in known:
            _join(state, peer, usage_of(state, name))
    if peer.descriptor == 0:
        return b""
    for usage in peer.usages:
        too_many = _excess(usage)
        if too_many:
            return too_many
    return b""


def leave(state: State, peer: Peer) -> None:
    """Count a peer that goes."""
    for usage in list(peer.usages):
        _part(state, peer, usage)


def refusal(state: State, peer: Peer) -> bytes:
    """Count one more submission of a peer, or return why it is refused now."""
    for usage in peer.usages:
        most = usage.limits.submissions
        if most and not _has_allowance(state, usage):
            return (
                f"{shown(usage.owner)} submits more than the {most} jobs a second that"
                f" {whose(usage, 'submissions')} allows: try again later"
            ).encode()
    for usage in peer.usages:
        if usage.limits.submissions:
            usage.allowance -= 1.0
    return b""


def usage_of(state: State, owner: bytes) -> Usage:
    """Return the usage of an owner, which may be new."""
    usage = state.usages.get(owner)
    if usage is not None:
        return usage
    if len(state.usages) >= max(_MOST_KEPT, state.most_usages):
        _forget_some(state)
    usage = Usage(owner, _limits_of(state, owner), not is_site(owner), state.now)
    state.usages[owner] = usage
    return usage


def renew(state: State) -> None:
    """Give all owners the limits that they have by the rules as they are now."""
    for usage in list(state.usages.values()):
        usage.limits = _limits_of(state, usage.owner)
        retire(state, usage)


def retire(state: State, usage: Usage) -> None:
    """Forget an owner that uses nothing, and has no allowance to be remembered."""
    is_idle = not (usage.peers or usage.limits.submissions)
    if is_idle and not (usage.waiting.jobs or usage.recurring.jobs):
        state.usages.pop(usage.owner, None)


def whose(usage: Usage, what: str) -> str:
    """Return what sets a limit: the option, or the setting of the principal."""
    if usage.is_principal:
        return f"max_{what} of [access.{shown(usage.owner)}]"
    return f"--max-{what}-per-address"


def _limits_of(state: State, owner: bytes) -> Limits:
    return state.options.limits if is_site(owner) else state.rules.limits(owner)


def _join(state: State, peer: Peer, usage: Usage) -> None:
    """Count a peer for an owner, before those that it counts for already."""
    peer.usages = (usage, *peer.usages)
    usage.peers += 1
    if peer.descriptor:
        usage.connections += 1


def _part(state: State, peer: Peer, usage: Usage) -> None:
    """Count a peer for an owner no more."""
    peer.usages = tuple(each for each in peer.usages if each is not usage)
    usage.peers -= 1
    if peer.descriptor:
        usage.connections -= 1
    retire(state, usage)


def _excess(usage: Usage) -> bytes:
    """Return why an owner has a connection too many; empty if it has not."""
    most = usage.limits.connections
    if not most or usage.connections <= most:
        return b""
    return (
        f"{shown(usage.owner)} has {most} connections, as many as"
        f" {whose(usage, 'connections')} allows: close some"
    ).encode()


def allowance(state: State, usage: Usage) -> float:
    """Return how many jobs an owner may submit now; 0 where that has no limit."""
    most = float(usage.limits.submissions)
    passed = max(0.0, state.now - usage.counted_at)
    return min(most, usage.allowance + passed * most)


def _has_allowance(state: State, usage: Usage) -> bool:
    """Tell whether an owner may submit one more job now."""
    usage.allowance = allowance(state, usage)
    usage.counted_at = state.now
    return usage.allowance >= 1.0


def _forget_some(state: State) -> None:
    """Forget owners that use nothing and whose allowance is whole again."""
    for owner, usage in list(state.usages.items()):
        is_used = usage.peers or usage.waiting.jobs or usage.recurring.jobs
        if not is_used and state.now - usage.counted_at >= 1.0:
            del state.usages[owner]
    # Where most are in use, others are looked at again only after as many have come.
    state.most_usages = len(state.usages) * 2
