"""Tokens on the wire."""

from __future__ import annotations

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.protocol.token import token_request


def test_a_token_is_an_option() -> None:
    assert token_request(b"secret") == request(PacketType.OPTION_REQ, b"token:secret")
