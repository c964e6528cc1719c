"""Packets that clients and workers send alike, and answers shared by many."""

from __future__ import annotations

import hashlib
from typing import Final

from geartrain.engine.commands import nodes, options
from geartrain.engine.model.peers import FAILS, WAITS, WARNS, Peer
from geartrain.engine.queries import Query
from geartrain.engine.state import limits
from geartrain.engine.state.state import State
from geartrain.protocol.constants import (
    FAIL_WITHOUT_WORKER,
    UNKNOWN_OPTION,
    WAIT_WITHOUT_WORKER,
    WARN_WITHOUT_WORKER,
    PacketType,
)
from geartrain.protocol.headers import PREFIX, fault
from geartrain.protocol.nodes import BUSY, ENDED, ENDINGS, LATER, NODE, RELEASE, SLOTS
from geartrain.protocol.options import OPTIONS, OPTIONS_PREFIX
from geartrain.protocol.packets import Packet, encode, header
from geartrain.protocol.token import TOKEN
from geartrain.texts import shown

__all__ = [
    "TOO_MANY_FUNCTIONS",
    "echo_req",
    "is_error",
    "not_expected",
    "option_req",
    "send_error",
    "turn_away",
]

TOO_MANY_FUNCTIONS: Final = (
    b"There are too many functions: use names again, or drop some by drop function"
)

_WITHOUT_WORKER: Final[dict[bytes, int]] = {
    WAIT_WITHOUT_WORKER: WAITS,
    WARN_WITHOUT_WORKER: WARNS,
    FAIL_WITHOUT_WORKER: FAILS,
}
_HEADERS_TAKEN: Final = encode(PacketType.OPTION_RES, b"headers")
_SLOTS_TAKEN: Final = encode(PacketType.OPTION_RES, b"slots")
# Digits of the most slots that a worker can have.
_MOST_DIGITS: Final = 5
_TOKEN_TAKEN: Final = encode(PacketType.OPTION_RES, b"token")


def send_error(peer: Peer, code: bytes, text: bytes) -> None:
    """Answer with ERROR."""
    peer.send(encode(PacketType.ERROR, code + b"\0" + text))


def turn_away(state: State, peer: Peer, reason: bytes) -> None:
    """Close a connection that is not taken."""
    send_error(peer, b"QUEUE_ERROR", reason)
    peer.is_closing = True
    state.closing.append(peer)


def is_error(peer: Peer, answers: list[Query]) -> bool:
    """Tell whether the store could not say; answer so if it could not."""
    if not answers or not answers[0].error:
        return False
    send_error(peer, b"QUEUE_ERROR", answers[0].error.encode())
    return True


def echo_req(state: State, peer: Peer, packet: Packet) -> None:
    """Answer with the same bytes."""
    size = len(packet.payload) + sum(len(piece) for piece in packet.more)
    peer.send_pieces(header(PacketType.ECHO_RES, size) + packet.payload, packet.more)


def option_req(state: State, peer: Peer, packet: Packet) -> None:
    """Switch on an option of this connection; PROTOCOL, "Options" lists them."""
    option = packet.arguments[0]
    if option.startswith(PREFIX):
        _take_headers(peer, option.removeprefix(PREFIX))
        return
    if option.startswith(OPTIONS_PREFIX):
        options.announce(peer, option.removeprefix(OPTIONS_PREFIX))
        return
    if option.startswith(TOKEN):
        _take_token(state, peer, option.removeprefix(TOKEN))
        return
    if option.startswith(SLOTS):
        _take_slots(peer, option.removeprefix(SLOTS))
        return
    if option.startswith(NODE):
        nodes.introduce(state, peer, option)
        return
    if peer.node is not None and _is_of_node(state, peer, option):
        return
    # Some clients send the C string's end along.
    if _switch_on(peer, option.rstrip(b"\0").lower()):
        peer.send(encode(PacketType.OPTION_RES, option))
    else:
        send_error(peer, UNKNOWN_OPTION, b"Server does not recognize given option")


def _take_slots(peer: Peer, text: bytes) -> None:
    """Learn how many jobs a worker has at once."""
    if not text.isdigit() or not 0 < len(text) <= _MOST_DIGITS:
        send_error(peer, b"INVALID_ARGUMENT", b"slots is a number of jobs at once")
        return
    peer.slots = max(1, int(text))
    peer.send(_SLOTS_TAKEN)


def _is_of_node(state: State, peer: Peer, option: bytes) -> bool:
    """Do what only a node may ask for; tell whether it is that."""
    if option == BUSY:
        nodes.be_busy(state, peer)
    elif option.startswith(LATER):
        nodes.decline(state, peer, option.removeprefix(LATER))
    elif option.startswith(RELEASE):
        nodes.release(state, peer, option.removeprefix(RELEASE))
    elif option.startswith(ENDED):
        nodes.end_attempt(state, peer, option.removeprefix(ENDED))
    else:
        return False
    return True


def _switch_on(peer: Peer, name: bytes) -> bool:
    """Switch on an option; return False if there is none of this name."""
    if name == b"exceptions":
        peer.wants_exceptions = True
    elif name == b"reasons":
        peer.wants_reasons = True
    elif name == b"handles":
        peer.wants_handles = True
    elif name == ENDINGS and peer.link is not None:
        peer.wants_endings = True
    elif name == b"headers":
        peer.wants_headers = True
    elif name in _WITHOUT_WORKER:
        peer.without_worker = _WITHOUT_WORKER[name]
    else:
        # Who asks for options wants to know whether they can be sent.
        return name == OPTIONS
    return True


def _take_headers(peer: Peer, headers: bytes) -> None:
    """Keep the headers of the submission that follows; PROTOCOL, "Headers"."""
    wrong = fault(headers)
    if wrong:
        peer.headers = b""
        send_error(peer, b"INVALID_ARGUMENT", wrong.encode())
        return
    peer.announce_headers(headers)
    peer.send(_HEADERS_TAKEN)


def _take_token(state: State, peer: Peer, token: bytes) -> None:
    """Let a peer be who a token says it is; PROTOCOL, "Who may do what"."""
    digest = hashlib.sha256(token).digest()
    rules = state.rules
    if not (rules.is_empty() or rules.knows_token(digest)):
        state.warn(
            "token_refused",
            f"{shown(peer.address)} ({peer.descriptor}) has a token that is unknown",
        )
        send_error(peer, b"NOT_ALLOWED", b"The job server does not know this token")
        return
    peer.identity.token = digest
    peer.access = rules.find(peer.identity)
    too_many = limits.follow(state, peer)
    if too_many:
        turn_away(state, peer, too_many)
        return
    # The token itself is not sent back.
    peer.send(_TOKEN_TAKEN)


def not_expected(state: State, peer: Peer, packet: Packet) -> None:
    """Refuse a packet that no peer may send to a job server."""
    send_error(peer, b"INVALID_COMMAND", b"Command not expected")
