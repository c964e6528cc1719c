"""Packets: the table of their arguments, and how they are put into bytes and read.

PROTOCOL, "Binary Packet": a header of magic, type and size, then arguments
parted by NUL; the last one runs to the end of the packet and is free data where
the table says so.
"""

from __future__ import annotations

from typing import Final

from geartrain.protocol.constants import (
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    TYPE_END,
    PacketType,
)

__all__ = [
    "ARGUMENTS",
    "ARGUMENT_COUNT",
    "HAS_DATA",
    "NO_MORE",
    "REQUESTS",
    "RESPONSES",
    "Packet",
    "encode",
    "header",
    "payload_size",
    "request",
    "split",
]

# The arguments of every packet type; "data" is free and may hold NUL bytes.
ARGUMENTS: Final[dict[PacketType, tuple[str, ...]]] = {
    PacketType.CAN_DO: ("function",),
    PacketType.CANT_DO: ("function",),
    PacketType.RESET_ABILITIES: (),
    PacketType.PRE_SLEEP: (),
    PacketType.UNUSED: (),
    PacketType.NOOP: (),
    PacketType.SUBMIT_JOB: ("function", "unique", "data"),
    PacketType.JOB_CREATED: ("handle",),
    PacketType.GRAB_JOB: (),
    PacketType.NO_JOB: (),
    PacketType.JOB_ASSIGN: ("handle", "function", "data"),
    PacketType.WORK_STATUS: ("handle", "numerator", "denominator"),
    PacketType.WORK_COMPLETE: ("handle", "data"),
    PacketType.WORK_FAIL: ("handle",),
    PacketType.GET_STATUS: ("handle",),
    PacketType.ECHO_REQ: ("data",),
    PacketType.ECHO_RES: ("data",),
    PacketType.SUBMIT_JOB_BG: ("function", "unique", "data"),
    PacketType.ERROR: ("code", "text"),
    PacketType.STATUS_RES: ("handle", "known", "running", "numerator", "denominator"),
    PacketType.SUBMIT_JOB_HIGH: ("function", "unique", "data"),
    PacketType.SET_CLIENT_ID: ("id",),
    PacketType.CAN_DO_TIMEOUT: ("function", "timeout"),
    PacketType.ALL_YOURS: (),
    PacketType.WORK_EXCEPTION: ("handle", "data"),
    PacketType.OPTION_REQ: ("option",),
    PacketType.OPTION_RES: ("option",),
    PacketType.WORK_DATA: ("handle", "data"),
    PacketType.WORK_WARNING: ("handle", "data"),
    PacketType.GRAB_JOB_UNIQ: (),
    PacketType.JOB_ASSIGN_UNIQ: ("handle", "function", "unique", "data"),
    PacketType.SUBMIT_JOB_HIGH_BG: ("function", "unique", "data"),
    PacketType.SUBMIT_JOB_LOW: ("function", "unique", "data"),
    PacketType.SUBMIT_JOB_LOW_BG: ("function", "unique", "data"),
    PacketType.SUBMIT_JOB_SCHED: (
        "function",
        "unique",
        "minute",
        "hour",
        "day",
        "month",
        "weekday",
        "data",
    ),
    PacketType.SUBMIT_JOB_EPOCH: ("function", "unique", "epoch", "data"),
    PacketType.SUBMIT_REDUCE_JOB: (
        "function",
        "unique",
        "reducer",
        "aggregator",
        "data",
    ),
    PacketType.SUBMIT_REDUCE_JOB_BACKGROUND: (
        "function",
        "unique",
        "reducer",
        "aggregator",
        "data",
    ),
    PacketType.GRAB_JOB_ALL: (),
    PacketType.JOB_ASSIGN_ALL: ("handle", "function", "unique", "reducer", "data"),
    PacketType.GET_STATUS_UNIQUE: ("unique",),
    PacketType.STATUS_RES_UNIQUE: (
        "unique",
        "known",
        "running",
        "numerator",
        "denominator",
        "clients",
    ),
}

# The same by packet type as an index, for the parser; 0 is not a type.
ARGUMENT_COUNT: Final[list[int]] = [0] + [len(names) for names in ARGUMENTS.values()]
HAS_DATA: Final[list[bool]] = [False] + [
    names[-1:] == ("data",) for names in ARGUMENTS.values()
]

_RESPONSE_HEADS: Final[list[bytes]] = [
    RESPONSE_MAGIC + code.to_bytes(4, "big") for code in range(TYPE_END)
]
_REQUEST_HEADS: Final[list[bytes]] = [
    REQUEST_MAGIC + code.to_bytes(4, "big") for code in range(TYPE_END)
]

# The size field of most packets: to look one up takes 30 instructions, to make it 290.
_SIZES: Final[list[bytes]] = [size.to_bytes(4, "big") for size in range(1024)]

# The packet type by the first eight bytes of a packet, which checks its magic, too.
REQUESTS: Final[dict[bytes, int]] = {
    _REQUEST_HEADS[code]: code for code in range(1, TYPE_END)
}
RESPONSES: Final[dict[bytes, int]] = {
    _RESPONSE_HEADS[code]: code for code in range(1, TYPE_END)
}

# Shared by all packets that arrived in one piece; never changed.
NO_MORE: Final[list[bytes]] = []


class Packet:
    """One packet as it arrived."""

    def __init__(
        self, type: int, payload: bytes, arguments: list[bytes], more: list[bytes]
    ) -> None:
        self.type = type
        """The packet type's number."""
        self.payload = payload
        """All after the header; of a large packet, what arrived first."""
        self.arguments = arguments
        """The payload's arguments, as many as the table says."""
        self.more = more
        """What follows ``payload`` and the last argument. A large packet stays in the
        pieces it arrived in, so that nothing is copied or waits for a copy.
        """


def header(packet_type: int, size: int) -> bytes:
    """Return the header of a response whose payload has ``size`` bytes."""
    return _RESPONSE_HEADS[packet_type] + _size_field(size)


def _size_field(size: int) -> bytes:
    return _SIZES[size] if size < len(_SIZES) else size.to_bytes(4, "big")


def encode(packet_type: int, payload: bytes) -> bytes:
    """Return a whole response packet, from the job server to a peer."""
    return _RESPONSE_HEADS[packet_type] + _size_field(len(payload)) + payload


def request_header(packet_type: int, size: int) -> bytes:
    """Return the header of a request whose payload has ``size`` bytes."""
    return _REQUEST_HEADS[packet_type] + _size_field(size)


def request(packet_type: int, *arguments: bytes) -> bytes:
    """Return a whole request packet, from a client or worker to the job server."""
    payload = b"\0".join(arguments)
    return request_header(packet_type, len(payload)) + payload


def payload_size(data: bytes, start: int) -> int:
    """Return how many bytes follow the header that begins at ``start``."""
    # int.from_bytes() would be called by name, and given a copy of four bytes.
    size = data[start + 10] << 8 | data[start + 11]
    high = data[start + 8] << 8 | data[start + 9]
    return high << 16 | size if high else size


def split(packet_type: int, payload: bytes) -> list[bytes]:
    """Return the arguments in a payload; fewer than the table says if some lack."""
    count = ARGUMENT_COUNT[packet_type]
    if count == 0:
        # gearmand takes and ignores what follows such a packet's header.
        return []
    return [payload] if count == 1 else payload.split(b"\0", count - 1)
