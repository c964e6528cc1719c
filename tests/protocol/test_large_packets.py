"""Packets too large for one piece, and those too large to be taken."""

from __future__ import annotations

import pytest

from geartrain.errors import PacketError
from geartrain.protocol.constants import MAX_ARGUMENTS_SIZE, PacketType
from geartrain.protocol.packets import HAS_DATA, Packet, request
from geartrain.protocol.parser import Parser
from tests.support.parsing import KIB, LIMIT, head, parsed, taken


@pytest.mark.parametrize("piece", [0, 4 * KIB, 64 * KIB, 70_000, 300 * KIB])
@pytest.mark.parametrize(
    "size",
    [64 * KIB - 5, 64 * KIB, 64 * KIB + 1, 256 * KIB, 256 * KIB + 7, 1024 * KIB],
)
def test_a_large_packet_is_the_same_in_any_pieces(size: int, piece: int) -> None:
    workload = bytes(range(256)) * (size // 256) + b"\0" * (size % 256)
    sent = request(PacketType.SUBMIT_JOB, b"function", b"unique", workload)
    more = request(PacketType.ECHO_REQ, b"behind") + b"status\n"
    assert parsed(sent + more, piece) == [
        ("SUBMIT_JOB", [b"function", b"unique", workload]),
        ("ECHO_REQ", [b"behind"]),
        ("command", [b"status"]),
    ]


def test_a_large_packet_stays_in_pieces() -> None:
    workload = b"x" * (1024 * KIB)
    sent = request(PacketType.ECHO_REQ, workload)
    parser = Parser(LIMIT)
    for start in range(0, len(sent), 10_000):
        assert parser.next() is None
        parser.feed(sent[start : start + 10_000])
    packet = parser.next()
    assert isinstance(packet, Packet)
    assert [packet.payload] == packet.arguments
    pieces = [packet.payload, *packet.more]
    assert b"".join(pieces) == workload
    assert max(map(len, pieces)) < 300 * KIB
    assert len(pieces) <= 5
    assert parser.next() is None


def test_two_large_packets_follow_each_other() -> None:
    one = request(PacketType.ECHO_REQ, b"1" * (100 * KIB))
    two = request(PacketType.SUBMIT_JOB, b"f", b"u", b"2" * (300 * KIB))
    assert parsed(one + two, 90 * KIB) == [
        ("ECHO_REQ", [b"1" * (100 * KIB)]),
        ("SUBMIT_JOB", [b"f", b"u", b"2" * (300 * KIB)]),
    ]


def test_a_large_packet_whose_header_comes_alone() -> None:
    parser = Parser(LIMIT)
    sent = request(PacketType.ECHO_REQ, b"x" * (100 * KIB))
    parser.feed(sent[:12])
    assert parser.next() is None
    parser.feed(sent[12:])
    assert taken(parser) == [("ECHO_REQ", [b"x" * (100 * KIB)])]


def test_a_large_packet_that_lacks_arguments_is_stepped_over() -> None:
    sent = request(PacketType.SUBMIT_JOB, b"x" * (100 * KIB))
    parser = Parser(LIMIT)
    parser.feed(sent[:50_000])
    assert parser.next() is None
    parser.feed(sent[50_000:] + b"status\n")
    with pytest.raises(PacketError, match="SUBMIT_JOB has 3 arguments"):
        parser.next()
    assert taken(parser) == [("command", [b"status"])]


@pytest.mark.parametrize("size", [60 * KIB, 70 * KIB, 400 * KIB])
def test_the_place_of_a_split_does_not_decide_about_long_arguments(size: int) -> None:
    """Whether a very long function name is taken must not depend on its pieces."""
    sent = request(PacketType.SUBMIT_JOB, b"f" * size, b"u", b"w" * (64 * KIB))
    outcomes: list[bool | bytes] = []
    for piece in (len(sent), 64 * KIB, 100 * KIB):
        try:
            outcomes.append(parsed(sent, piece) == parsed(sent))
        except PacketError as error:
            outcomes.append(error.code)
    assert len(set(outcomes)) == 1, outcomes


def test_a_packet_at_the_limit_is_taken() -> None:
    parser = Parser(10)
    workload = b"x" * (10 + MAX_ARGUMENTS_SIZE - 4)
    parser.feed(request(PacketType.SUBMIT_JOB, b"f", b"u", workload))
    assert taken(parser) == [("SUBMIT_JOB", [b"f", b"u", workload])]


@pytest.mark.parametrize("piece", [0, 1000, 50_000])
def test_an_oversize_packet_is_refused_and_stepped_over(piece: int) -> None:
    size = 10 + MAX_ARGUMENTS_SIZE + 1
    sent = head(16, size) + b"\0REQ" * (size // 4) + b"x" * (size % 4) + b"status\n"
    parser = Parser(10)
    found = []
    refused = []
    for start in range(0, len(sent), piece or len(sent)):
        parser.feed(sent[start : start + (piece or len(sent))])
        try:
            found += taken(parser)
        except PacketError as error:
            refused.append((error.code, error.text))
            found += taken(parser)
    assert refused == [
        (
            b"DATA_TOO_LARGE",
            b"ECHO_REQ of 65547 bytes is more than the 65546 this server takes",
        )
    ]
    assert found == [("command", [b"status"])]


def test_an_oversize_packet_is_refused_before_it_arrives() -> None:
    parser = Parser(10)
    parser.feed(head(7, 2**32 - 1))
    with pytest.raises(PacketError, match="SUBMIT_JOB of 4294967295 bytes"):
        parser.next()
    assert parser.next() is None


@pytest.mark.parametrize(
    "packet_type", [each for each in PacketType if not HAS_DATA[each]]
)
def test_a_packet_without_data_is_small(packet_type: PacketType) -> None:
    parser = Parser(LIMIT)
    parser.feed(head(packet_type, MAX_ARGUMENTS_SIZE + 1) + b"H:1\0")
    with pytest.raises(PacketError) as caught:
        parser.next()
    assert caught.value.code == b"DATA_TOO_LARGE"
    assert packet_type.name.encode() in caught.value.text
