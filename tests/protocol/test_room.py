"""What a parser takes while there is little room, or none."""

from __future__ import annotations

import pytest

from geartrain.errors import PacketError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import Packet, request
from geartrain.protocol.parser import Parser
from geartrain.protocol.room import FULL, RESULTS, Room

LARGE = b"x" * 1_000_000


def parser_with(left: int) -> tuple[Parser, Room]:
    room = Room()
    room.left = left
    return Parser(2_000_000, room), room


def test_at_first_there_is_room_for_anything() -> None:
    room = Room()
    assert room.left > 2**60
    assert not room.is_full
    assert not room.is_over


def test_a_packet_larger_than_what_is_left_is_refused_and_skipped() -> None:
    parser, room = parser_with(1_000)
    packet = request(PacketType.SUBMIT_JOB, b"f", b"", LARGE)
    parser.feed(packet[:100])
    with pytest.raises(PacketError) as caught:
        parser.next()
    assert (caught.value.code, caught.value.text) == (b"QUEUE_ERROR", FULL)
    assert room.refused == 1
    parser.feed(packet[100:] + request(PacketType.ECHO_REQ, b"on"))
    echo = parser.next()
    assert isinstance(echo, Packet)
    assert echo.arguments == [b"on"]


def test_results_are_taken_whether_there_is_room_or_not() -> None:
    small = {PacketType.WORK_STATUS, PacketType.WORK_FAIL}
    for kind in sorted(RESULTS - small):
        parser, room = parser_with(-5)
        arguments = [b"H:1", LARGE]
        packet = request(PacketType(kind), *arguments)
        parser.feed(packet[:20])
        assert parser.next() is None
        parser.feed(packet[20:])
        assert isinstance(parser.next(), Packet), kind
        assert room.refused == 0
