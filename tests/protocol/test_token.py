"""Tokens on the wire: how one is shown, and what may be answered."""

from __future__ import annotations

import pytest

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode, request
from geartrain.protocol.token import Introduction


def answered(answer: bytes) -> Introduction:
    """Return an introduction that was answered, byte by byte."""
    introduction = Introduction(b"secret")
    for byte in answer:
        assert introduction.wanted() > 0
        introduction.feed(bytes([byte]))
    return introduction


def test_a_token_is_an_option() -> None:
    expected = request(PacketType.OPTION_REQ, b"token:secret")
    assert Introduction(b"secret").request == expected


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (encode(PacketType.OPTION_RES, b"token"), ""),
        (encode(PacketType.ERROR, b"NOT_ALLOWED\0unknown here"), "unknown here"),
        (encode(PacketType.ERROR, b"NOT_ALLOWED"), "NOT_ALLOWED"),
        # A job server of another make knows no tokens.
        (encode(PacketType.ERROR, b"UNKNOWN_OPTION\0no such option"), ""),
    ],
)
def test_the_answer_says_whether_it_is_known(answer: bytes, refusal: str) -> None:
    introduction = answered(answer)
    assert introduction.wanted() == 0
    assert introduction.refusal == refusal


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request",
        encode(PacketType.JOB_CREATED, b"H:x:1"),
        encode(PacketType.ERROR, bytes(5000)),
    ],
)
def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    with pytest.raises(ProtocolError):
        Introduction(b"secret").feed(answer)
