"""Tokens: what a peer shows to be known, as an option of its connection."""

from __future__ import annotations

from typing import Final

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request

__all__ = ["TOKEN", "token_request"]

TOKEN: Final = b"token:"
"""What the option begins with; the token follows."""


def token_request(token: bytes) -> bytes:
    """Return the packet that shows a token.

    A job server answers OPTION_RES ``token``, or ERROR if the token is unknown to it;
    one that knows no tokens answers ERROR ``UNKNOWN_OPTION``, and goes on.
    """
    return request(PacketType.OPTION_REQ, TOKEN + token)
