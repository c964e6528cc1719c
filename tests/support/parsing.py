"""Feed a parser, and see what it took in a form that compares."""

from __future__ import annotations

from geartrain.protocol.admin import Command
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import Packet, encode
from geartrain.protocol.parser import LOOKING, Parser

KIB = 1024
LIMIT = 2 * 1024 * KIB

# A packet or command in a form that compares: its type and arguments, or words.
Found = tuple[str, list[bytes]]


def taken(parser: Parser) -> list[Found]:
    """Take all there is, in a form that compares."""
    found = []
    message = parser.next()
    while message is not None:
        if message is not LOOKING:
            found.append(comparable(message))
        message = parser.next()
    return found


def comparable(message: Packet | Command) -> Found:
    if isinstance(message, Command):
        return "command", message.words
    arguments = list(message.arguments)
    if message.more:
        arguments[-1] += b"".join(message.more)
    return PacketType(message.type).name, arguments


def parsed(data: bytes, piece: int = 0) -> list[Found]:
    """Feed bytes whole or in pieces and return all they held."""
    parser = Parser(LIMIT)
    found = []
    for start in range(0, len(data), piece or len(data)):
        parser.feed(data[start : start + (piece or len(data))])
        found += taken(parser)
    return found


def head(code: int, size: int, magic: bytes = b"\0REQ") -> bytes:
    return magic + code.to_bytes(4, "big") + size.to_bytes(4, "big")


def reply(packet_type: PacketType, *arguments: bytes) -> bytes:
    """Return a packet as the job server sends it."""
    return encode(packet_type, b"\0".join(arguments))
