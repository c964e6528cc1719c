"""Calls: what a client asks a job server, and what has become of each."""

from __future__ import annotations

from typing import Any, Final

from geartrain.protocol.constants import (
    FAIL_WITHOUT_WORKER,
    WARN_WITHOUT_WORKER,
    PacketType,
)
from geartrain.protocol.headers import asked
from geartrain.protocol.options import announced
from geartrain.protocol.packets import request

__all__ = [
    "Call",
    "following",
    "option_call",
    "question",
    "submission",
    "without_worker",
]

_FOREGROUND: Final = frozenset(
    {
        PacketType.SUBMIT_JOB,
        PacketType.SUBMIT_JOB_HIGH,
        PacketType.SUBMIT_JOB_LOW,
        PacketType.SUBMIT_REDUCE_JOB,
    }
)
_ANSWERS: Final[dict[int, int]] = {
    PacketType.ECHO_REQ: PacketType.ECHO_RES,
    PacketType.GET_STATUS: PacketType.STATUS_RES,
    PacketType.GET_STATUS_UNIQUE: PacketType.STATUS_RES_UNIQUE,
    PacketType.OPTION_REQ: PacketType.OPTION_RES,
}


class Call:
    """One request, and what has become of it."""

    def __init__(
        self, packet: bytes, unique: bytes, answer: int, is_foreground: bool
    ) -> None:
        self.packet = packet
        """The whole request packet."""
        self.unique = unique
        """Of a submission; empty for none."""
        self.answer = answer
        """The packet type that answers it."""
        self.is_submission = answer == PacketType.JOB_CREATED
        """It is answered by JOB_CREATED."""
        self.is_foreground = is_foreground
        """More is told of its job after that."""
        self.handle = b""
        """The job's, from JOB_CREATED on."""
        self.is_answered = False
        """Its answer has come."""
        self.is_done = False
        """Nothing more is told of it."""
        self.is_forgotten = False
        """Nobody wants to know any more."""
        self.has_headers = False
        """An OPTION_REQ with the job's headers comes first in the packet."""
        self.has_options = False
        """An OPTION_REQ with its options comes next."""
        self.lacks_options = False
        """The job server has refused that, and takes the job without."""
        self.without_worker = b""
        """What becomes of it if no worker has its function: one of three options;
        empty for what holds for the connection.
        """
        self.around = 0
        """Bytes of the options that ``begin`` has put around the packet for that."""
        self.owner: Any = None
        """Whoever made it may keep something here."""

    @property
    def size(self) -> int:
        """How many bytes ``begin`` has returned for it."""
        return self.around + len(self.packet)


def submission(
    packet_type: int,
    unique: bytes,
    arguments: list[bytes],
    headers: bytes = b"",
    options: bytes = b"",
) -> Call:
    """Return the submission of a job; ``arguments`` are all that the type has."""
    packet = request(packet_type, *arguments)
    if options:
        packet = announced(options) + packet
    if headers:
        packet = asked(headers) + packet
    call = Call(packet, unique, PacketType.JOB_CREATED, packet_type in _FOREGROUND)
    call.has_headers = len(headers) > 0
    call.has_options = len(options) > 0
    return call


def question(packet_type: int, argument: bytes) -> Call:
    """Return an ECHO_REQ, a GET_STATUS or a GET_STATUS_UNIQUE."""
    return Call(request(packet_type, argument), b"", _ANSWERS[packet_type], False)


def following(handle: bytes) -> Call:
    """Return the text command ``follow``: what is told of a job that was submitted.

    Geartrain's own; it is answered by JOB_CREATED, as a submission is.
    """
    call = Call(b"follow %s\n" % handle, b"", PacketType.JOB_CREATED, True)
    call.is_submission = False
    return call


def option_call(name: bytes) -> Call:
    """Return the OPTION_REQ of an option of the connection."""
    return question(PacketType.OPTION_REQ, name)


def without_worker(fails: bool | None) -> bytes:
    """Return the option that has calls without a worker fail, or warned of if False.

    It is empty for None.
    """
    if fails is None:
        return b""
    return FAIL_WITHOUT_WORKER if fails else WARN_WITHOUT_WORKER
