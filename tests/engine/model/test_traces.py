"""Packets and lines are found in bytes, however these are cut."""

from __future__ import annotations

import pytest

from geartrain.engine.model.traces import Framing
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode, request

SENT = (
    request(PacketType.SUBMIT_JOB_BG, b"mail", b"u", b"w" * 1000)
    + b"status\r\n"
    + request(PacketType.GRAB_JOB)
    + encode(PacketType.NOOP, b"")
    + b"\n"
)
SEEN = [
    ("SUBMIT_JOB_BG", 1007, b"mail\0u\0www"),
    ("text", 8, b"status\r\n"),
    ("GRAB_JOB", 0, b""),
    ("NOOP", 0, b""),
    ("text", 1, b"\n"),
]


def seen(framing: Framing, data: bytes) -> list[tuple[str, int, bytes]]:
    return [(each.name, each.size, each.first) for each in framing.feed(data)]


@pytest.mark.parametrize("size", [1, 2, 5, 11, 12, 13, 100, 5000])
def test_packets_and_lines_are_found(size: int) -> None:
    framing = Framing(10)
    found = []
    for start in range(0, len(SENT), size):
        found += seen(framing, SENT[start : start + size])
    assert found == SEEN


def test_what_is_neither_is_told_and_the_next_packet_found() -> None:
    framing = Framing(6)
    assert seen(framing, b"\0XXX" + b"\1" * 20) == [("garbage", 24, b"\0XXX\1\1")]
    assert seen(framing, request(PacketType.GRAB_JOB)) == [("GRAB_JOB", 0, b"")]


def test_a_type_without_a_name_has_its_number() -> None:
    packet = b"\0REQ" + (99).to_bytes(4, "big") + bytes(4)
    assert seen(Framing(6), packet) == [("type 99", 0, b"")]


def test_a_long_line_is_not_kept() -> None:
    framing = Framing(4)
    for _ in range(100):
        assert seen(framing, b"x" * 100_000) == []
    assert seen(framing, b"\nversion\n") == [
        ("text", 10_000_001, b"xxxx"),
        ("text", 8, b"vers"),
    ]
