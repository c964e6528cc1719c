"""Packets that clients and workers send alike, and answers shared by many."""

from __future__ import annotations

import hashlib
from typing import Final

from geartrain.engine.model.peers import FAILS, WARNS, Peer
from geartrain.engine.state.state import State
from geartrain.protocol.constants import PacketType
from geartrain.protocol.headers import PREFIX, fault
from geartrain.protocol.packets import Packet, encode, header
from geartrain.protocol.token import TOKEN
from geartrain.texts import shown

__all__ = [
    "TOO_MANY_FUNCTIONS",
    "echo_req",
    "not_expected",
    "option_req",
    "send_error",
]

TOO_MANY_FUNCTIONS: Final = (
    b"There are too many functions: use names again, or drop some by drop function"
)

_HEADERS_TAKEN: Final = encode(PacketType.OPTION_RES, b"headers")
_TOKEN_TAKEN: Final = encode(PacketType.OPTION_RES, b"token")


def send_error(peer: Peer, code: bytes, text: bytes) -> None:
    """Answer with ERROR."""
    peer.send(encode(PacketType.ERROR, code + b"\0" + text))


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
    if option.startswith(TOKEN):
        _take_token(state, peer, option.removeprefix(TOKEN))
        return
    # Some clients send the C string's end along.
    name = option.rstrip(b"\0").lower()
    if name == b"exceptions":
        peer.wants_exceptions = True
        peer.send(encode(PacketType.OPTION_RES, option))
    elif name == b"reasons":
        peer.wants_reasons = True
        peer.send(encode(PacketType.OPTION_RES, option))
    elif name == b"handles":
        peer.wants_handles = True
        peer.send(encode(PacketType.OPTION_RES, option))
    elif name == b"headers":
        peer.wants_headers = True
        peer.send(encode(PacketType.OPTION_RES, option))
    elif name == b"warn_without_worker":
        peer.without_worker = WARNS
        peer.send(encode(PacketType.OPTION_RES, option))
    elif name == b"fail_without_worker":
        peer.without_worker = FAILS
        peer.send(encode(PacketType.OPTION_RES, option))
    else:
        send_error(peer, b"UNKNOWN_OPTION", b"Server does not recognize given option")


def _take_headers(peer: Peer, headers: bytes) -> None:
    """Keep the headers of the submission that follows; PROTOCOL, "Headers"."""
    wrong = fault(headers)
    if wrong:
        send_error(peer, b"INVALID_ARGUMENT", wrong.encode())
        return
    peer.headers = headers
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
    # The token itself is not sent back.
    peer.send(_TOKEN_TAKEN)


def not_expected(state: State, peer: Peer, packet: Packet) -> None:
    """Refuse a packet that no peer may send to a job server."""
    send_error(peer, b"INVALID_COMMAND", b"Command not expected")
