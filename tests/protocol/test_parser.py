"""Bytes in, packets and commands out."""

from __future__ import annotations

import time

import pytest

from geartrain.errors import PacketError, ProtocolError
from geartrain.protocol.constants import MAX_LINE, PacketType
from geartrain.protocol.packets import ARGUMENTS, request
from geartrain.protocol.parser import Parser
from tests.support.parsing import LIMIT, head, parsed, taken


def refusal(data: bytes) -> ProtocolError:
    """Return the error that the first packet in these bytes raises."""
    parser = Parser(LIMIT)
    parser.feed(data)
    with pytest.raises(ProtocolError) as caught:
        parser.next()
    return caught.value


CONVERSATION = b"".join(
    (
        request(PacketType.CAN_DO, b"reverse"),
        b"status\n",
        request(PacketType.GRAB_JOB),
        request(PacketType.SUBMIT_JOB, b"f", b"", b"\0\0data\n\0"),
        b"\r\n",
        request(PacketType.ECHO_REQ, b"x" * 300),
        request(PacketType.WORK_STATUS, b"H:1", b"1", b"2"),
        b"show  jobs\r\n",
    )
)
CONVERSATION_FOUND = [
    ("CAN_DO", [b"reverse"]),
    ("command", [b"status"]),
    ("GRAB_JOB", []),
    ("SUBMIT_JOB", [b"f", b"", b"\0\0data\n\0"]),
    ("command", [b""]),
    ("ECHO_REQ", [b"x" * 300]),
    ("WORK_STATUS", [b"H:1", b"1", b"2"]),
    ("command", [b"show", b"jobs"]),
]


def test_packets_and_lines_may_be_mixed() -> None:
    assert parsed(CONVERSATION) == CONVERSATION_FOUND


@pytest.mark.parametrize("piece", [1, 2, 3, 11, 12, 13, 100])
def test_pieces_of_any_size_give_the_same(piece: int) -> None:
    assert parsed(CONVERSATION, piece) == CONVERSATION_FOUND


def test_nothing_gives_nothing() -> None:
    parser = Parser(LIMIT)
    assert parser.next() is None
    parser.feed(b"")
    assert parser.next() is None


def test_half_a_header_waits_for_the_rest() -> None:
    parser = Parser(LIMIT)
    for byte in request(PacketType.GRAB_JOB)[:-1]:
        parser.feed(bytes((byte,)))
        assert parser.next() is None
    parser.feed(b"\0")
    assert taken(parser) == [("GRAB_JOB", [])]


@pytest.mark.parametrize("packet_type", list(PacketType))
def test_every_type_has_its_arguments_parted(packet_type: PacketType) -> None:
    arguments = [b"a%d" % number for number in range(len(ARGUMENTS[packet_type]))]
    assert parsed(request(packet_type, *arguments)) == [(packet_type.name, arguments)]


def test_data_may_hold_nul_bytes() -> None:
    sent = request(PacketType.SUBMIT_JOB, b"f", b"u", b"\0a\0b\0")
    assert parsed(sent) == [("SUBMIT_JOB", [b"f", b"u", b"\0a\0b\0"])]


def test_the_last_argument_runs_to_the_packets_end() -> None:
    assert parsed(request(PacketType.CAN_DO, b"nu\0l")) == [("CAN_DO", [b"nu\0l"])]


def test_empty_arguments_are_arguments() -> None:
    sent = request(PacketType.SUBMIT_JOB, b"", b"", b"")
    assert parsed(sent) == [("SUBMIT_JOB", [b"", b"", b""])]


def test_what_follows_a_packet_without_arguments_is_ignored() -> None:
    assert parsed(request(PacketType.PRE_SLEEP, b"extra")) == [("PRE_SLEEP", [])]


@pytest.mark.parametrize(
    "packet_type",
    [
        PacketType.WORK_COMPLETE,
        PacketType.WORK_DATA,
        PacketType.WORK_WARNING,
        PacketType.WORK_EXCEPTION,
    ],
)
def test_a_result_without_its_nul_is_an_empty_one(packet_type: PacketType) -> None:
    assert parsed(request(packet_type, b"H:1")) == [(packet_type.name, [b"H:1", b""])]


def test_a_status_without_its_last_nul_has_an_empty_denominator() -> None:
    sent = request(PacketType.WORK_STATUS, b"H:1", b"5")
    assert parsed(sent) == [("WORK_STATUS", [b"H:1", b"5", b""])]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (
            request(PacketType.SUBMIT_JOB, b"f", b"u"),
            b"SUBMIT_JOB has 3 arguments (function, unique, data), got 2",
        ),
        (
            request(PacketType.SUBMIT_JOB, b""),
            b"SUBMIT_JOB has 3 arguments (function, unique, data), got 1",
        ),
        (
            request(PacketType.CAN_DO_TIMEOUT, b"f"),
            b"CAN_DO_TIMEOUT has 2 arguments (function, timeout), got 1",
        ),
        (
            request(PacketType.WORK_STATUS, b"H:1"),
            b"WORK_STATUS has 3 arguments (handle, numerator, denominator), got 1",
        ),
        (
            request(PacketType.SUBMIT_REDUCE_JOB, b"f", b"u", b"r", b"data"),
            b"SUBMIT_REDUCE_JOB has 5 arguments "
            b"(function, unique, reducer, aggregator, data), got 4",
        ),
    ],
)
def test_missing_arguments_are_named_and_stepped_over(sent: bytes, text: bytes) -> None:
    parser = Parser(LIMIT)
    parser.feed(sent + request(PacketType.ECHO_REQ, b"on"))
    with pytest.raises(PacketError) as caught:
        parser.next()
    assert (caught.value.code, caught.value.text) == (b"INVALID_PACKET", text)
    assert taken(parser) == [("ECHO_REQ", [b"on"])]


@pytest.mark.parametrize("piece", [0, 1, 7])
def test_a_response_is_refused_and_stepped_over(piece: int) -> None:
    sent = head(8, 5, b"\0RES") + b"\0REQ\0" + request(PacketType.ECHO_REQ, b"on")
    parser = Parser(LIMIT)
    found = []
    refused = []
    for start in range(0, len(sent), piece or len(sent)):
        parser.feed(sent[start : start + (piece or len(sent))])
        try:
            found += taken(parser)
        except PacketError as error:
            refused.append((error.code, error.text))
            found += taken(parser)
    assert refused == [(b"INVALID_MAGIC", b"Request magic expected")]
    assert found == [("ECHO_REQ", [b"on"])]


@pytest.mark.parametrize(
    "sent",
    [b"\0RE\0", b"\0\0", b"\0X", b"\0REX", b"\0REQUEST"[:3] + b"q", b"\0req" * 3],
)
def test_any_other_magic_ends_the_connection(sent: bytes) -> None:
    error = refusal(sent)
    assert not isinstance(error, PacketError)
    assert error.code == b"INVALID_MAGIC"
    assert error.text == b"A packet begins with \\0REQ, a command with a letter"


@pytest.mark.parametrize("code", [0, 43, 255, 256, 0x80000000, 0xFFFFFFFF])
def test_an_unknown_type_ends_the_connection(code: int) -> None:
    error = refusal(head(code, 0))
    assert not isinstance(error, PacketError)
    assert error.code == b"INVALID_COMMAND"
    assert error.text == b"Packet type %d is unknown" % code


def test_an_unknown_type_is_refused_before_its_data_arrives() -> None:
    assert refusal(head(99, 1_000_000)).text == b"Packet type 99 is unknown"


def test_a_line_may_be_long_but_not_longer() -> None:
    longest = b"x" * MAX_LINE
    assert parsed(longest + b"\n") == [("command", [longest])]
    error = refusal(longest + b"x\n")
    assert not isinstance(error, PacketError)
    assert error.text == b"A line of text has at most 8191 bytes"


def test_a_line_without_an_end_is_refused_once_it_is_too_long() -> None:
    parser = Parser(LIMIT)
    parser.feed(b"x" * MAX_LINE)
    assert parser.next() is None
    parser.feed(b"x")
    with pytest.raises(ProtocolError, match="A line of text has at most 8191 bytes"):
        parser.next()


def test_a_line_waits_for_its_end() -> None:
    parser = Parser(LIMIT)
    parser.feed(b"sta")
    assert parser.next() is None
    parser.feed(b"tus\r")
    assert parser.next() is None
    parser.feed(b"\nver")
    assert taken(parser) == [("command", [b"status"])]


def test_many_small_packets_in_one_piece_are_taken_without_moving_the_rest() -> None:
    """Moving the rest behind each would copy 240 gigabytes."""
    sent = request(PacketType.GRAB_JOB) * 200_000
    start = time.process_time()
    assert len(parsed(sent)) == 200_000
    assert time.process_time() - start < 4
