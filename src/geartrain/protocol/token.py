"""Tokens: what a peer shows to be known, as an option of its connection."""

from __future__ import annotations

from typing import Final

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import (
    HEADER_SIZE,
    RESPONSE_MAGIC,
    UNKNOWN_OPTION,
    PacketType,
)
from geartrain.protocol.packets import request

__all__ = ["TOKEN", "Introduction"]

TOKEN: Final = b"token:"
"""What the option begins with; the token follows."""

# Bytes of the longest answer: an ERROR of a sentence.
_MOST: Final = 4096


class Introduction:
    """Shows a token before anything else is said on a connection.

    A job server answers OPTION_RES ``token``, or ERROR if the token is unknown to it;
    one that knows no tokens answers ERROR ``UNKNOWN_OPTION``, and goes on as if nothing
    had been said.
    """

    def __init__(self, token: bytes) -> None:
        self.request = request(PacketType.OPTION_REQ, TOKEN + token)
        """What is sent first."""
        self.refusal = ""
        """Why the job server does not know the token; empty if it does."""
        self._answer = b""

    def wanted(self) -> int:
        """Return how many bytes the answer still has at least; 0 if it is complete."""
        if len(self._answer) < HEADER_SIZE:
            return HEADER_SIZE - len(self._answer)
        return HEADER_SIZE + self._size() - len(self._answer)

    def feed(self, data: bytes) -> None:
        """Take what arrived, at most as much as is wanted.

        Raises:
            ProtocolError: it is no answer to that.
        """
        self._answer += data
        if len(self._answer) < HEADER_SIZE:
            return
        kind = int.from_bytes(self._answer[4:8], "big")
        is_answer = kind in (PacketType.OPTION_RES, PacketType.ERROR)
        is_packet = self._answer.startswith(RESPONSE_MAGIC) and self._size() <= _MOST
        if not (is_answer and is_packet):
            raise ProtocolError(b"INVALID_PACKET", b"this is no answer to a token")
        if kind == PacketType.ERROR and self.wanted() == 0:
            code, _, text = self._answer[HEADER_SIZE:].partition(b"\0")
            if code != UNKNOWN_OPTION:
                self.refusal = (text or code).decode("utf-8", "replace")

    def _size(self) -> int:
        return int.from_bytes(self._answer[8:HEADER_SIZE], "big")
