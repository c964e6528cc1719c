"""Workers that are other job servers, in dialogues."""

from __future__ import annotations

from tests.support.dialogue import DialoguePeer, World, option_res

__all__ = ["SELF", "is_closed", "later", "node"]

SELF = b"node\x000123456789abcdef\0test"
"""How the job server of a dialogue says who it is."""


def node(world: World, name: str, *functions: str) -> DialoguePeer:
    """Connect a node that can do these functions and sleeps."""
    peer = world.connect(name.encode())
    peer.option_req(b"node\0" + name.encode().hex().encode() + b"\0" + name.encode())
    assert peer.received == [option_res(SELF)]
    for function in functions:
        peer.can_do(function.encode())
    peer.pre_sleep()
    return peer


def later(peer: DialoguePeer, function: bytes) -> None:
    """Have a node decline a function."""
    peer.option_req(b"later\0" + function)
    assert peer.received == [option_res(b"later")]


def is_closed(peer: DialoguePeer) -> bool:
    """Tell whether the job server has closed a connection by now."""
    return peer.is_closed
