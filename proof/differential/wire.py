"""The wire as the traces need it, written apart from the code under test."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct(">4sII")
REQUEST = b"\0REQ"
RESPONSE = b"\0RES"


class PacketType(IntEnum):
    """Every packet type the protocol numbers; 5 was never given a name."""

    CAN_DO = 1
    CANT_DO = 2
    RESET_ABILITIES = 3
    PRE_SLEEP = 4
    UNUSED = 5
    NOOP = 6
    SUBMIT_JOB = 7
    JOB_CREATED = 8
    GRAB_JOB = 9
    NO_JOB = 10
    JOB_ASSIGN = 11
    WORK_STATUS = 12
    WORK_COMPLETE = 13
    WORK_FAIL = 14
    GET_STATUS = 15
    ECHO_REQ = 16
    ECHO_RES = 17
    SUBMIT_JOB_BG = 18
    ERROR = 19
    STATUS_RES = 20
    SUBMIT_JOB_HIGH = 21
    SET_CLIENT_ID = 22
    CAN_DO_TIMEOUT = 23
    ALL_YOURS = 24
    WORK_EXCEPTION = 25
    OPTION_REQ = 26
    OPTION_RES = 27
    WORK_DATA = 28
    WORK_WARNING = 29
    GRAB_JOB_UNIQ = 30
    JOB_ASSIGN_UNIQ = 31
    SUBMIT_JOB_HIGH_BG = 32
    SUBMIT_JOB_LOW = 33
    SUBMIT_JOB_LOW_BG = 34
    SUBMIT_JOB_SCHED = 35
    SUBMIT_JOB_EPOCH = 36
    SUBMIT_REDUCE_JOB = 37
    SUBMIT_REDUCE_JOB_BACKGROUND = 38
    GRAB_JOB_ALL = 39
    JOB_ASSIGN_ALL = 40
    GET_STATUS_UNIQUE = 41
    STATUS_RES_UNIQUE = 42


@dataclass(frozen=True)
class Packet:
    """One packet that came from a job server."""

    kind: int
    body: bytes


def name_of(kind: int) -> str:
    """Return the packet type's name, or its number where it has none."""
    try:
        return PacketType(kind).name
    except ValueError:
        return f"TYPE_{kind}"


def encode(kind: int, *arguments: bytes, magic: bytes = REQUEST) -> bytes:
    """Return a whole packet, header included."""
    body = b"\0".join(arguments)
    return HEADER.pack(magic, kind, len(body)) + body


class ReplyBuffer:
    """Cuts what a job server sends into packets and runs of text."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what one read returned."""
        self._bytes += data

    def take(self) -> Packet | bytes | None:
        """Return the next packet or text, or None when more bytes are needed.

        Text has no length: a run of it ends where a packet begins or where the
        bytes read so far end, so one reply may come in two runs.

        Raises:
            AssertionError: the bytes are neither text nor a response packet.
        """
        if not self._bytes:
            return None
        if self._bytes[0] != 0:
            return self._take_text()
        return self._take_packet()

    def _take_text(self) -> bytes | None:
        end = self._bytes.find(RESPONSE)
        if end < 0:
            end = len(self._bytes) - _begun(self._bytes)
        text = bytes(self._bytes[:end])
        del self._bytes[:end]
        return text or None

    def _take_packet(self) -> Packet | None:
        if len(self._bytes) < HEADER.size:
            return None
        magic, kind, size = HEADER.unpack_from(self._bytes)
        assert magic == RESPONSE, f"not a response packet: {bytes(self._bytes[:80])!r}"
        end = HEADER.size + size
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[HEADER.size : end])
        del self._bytes[:end]
        return Packet(kind, body)


def _begun(data: bytearray) -> int:
    """Return how many bytes at the end of ``data`` may begin a packet."""
    for size in range(len(RESPONSE) - 1, 0, -1):
        if data.endswith(RESPONSE[:size]):
            return size
    return 0
