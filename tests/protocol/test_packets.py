"""The table of arguments, and packets as bytes."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import (
    ARGUMENTS,
    HAS_DATA,
    NO_MORE,
    Packet,
    encode,
    header,
    request,
)

# PROTOCOL's table once more: how many arguments, and whether the last is data.
COUNTS = {
    "CAN_DO": (1, False),
    "CANT_DO": (1, False),
    "RESET_ABILITIES": (0, False),
    "PRE_SLEEP": (0, False),
    "UNUSED": (0, False),
    "NOOP": (0, False),
    "SUBMIT_JOB": (3, True),
    "JOB_CREATED": (1, False),
    "GRAB_JOB": (0, False),
    "NO_JOB": (0, False),
    "JOB_ASSIGN": (3, True),
    "WORK_STATUS": (3, False),
    "WORK_COMPLETE": (2, True),
    "WORK_FAIL": (1, False),
    "GET_STATUS": (1, False),
    "ECHO_REQ": (1, True),
    "ECHO_RES": (1, True),
    "SUBMIT_JOB_BG": (3, True),
    "ERROR": (2, False),
    "STATUS_RES": (5, False),
    "SUBMIT_JOB_HIGH": (3, True),
    "SET_CLIENT_ID": (1, False),
    "CAN_DO_TIMEOUT": (2, False),
    "ALL_YOURS": (0, False),
    "WORK_EXCEPTION": (2, True),
    "OPTION_REQ": (1, False),
    "OPTION_RES": (1, False),
    "WORK_DATA": (2, True),
    "WORK_WARNING": (2, True),
    "GRAB_JOB_UNIQ": (0, False),
    "JOB_ASSIGN_UNIQ": (4, True),
    "SUBMIT_JOB_HIGH_BG": (3, True),
    "SUBMIT_JOB_LOW": (3, True),
    "SUBMIT_JOB_LOW_BG": (3, True),
    "SUBMIT_JOB_SCHED": (8, True),
    "SUBMIT_JOB_EPOCH": (4, True),
    "SUBMIT_REDUCE_JOB": (5, True),
    "SUBMIT_REDUCE_JOB_BACKGROUND": (5, True),
    "GRAB_JOB_ALL": (0, False),
    "JOB_ASSIGN_ALL": (5, True),
    "GET_STATUS_UNIQUE": (1, False),
    "STATUS_RES_UNIQUE": (6, False),
}


def test_every_packet_type_has_the_arguments_of_the_protocol() -> None:
    counts = {
        packet_type.name: (len(names), HAS_DATA[packet_type])
        for packet_type, names in ARGUMENTS.items()
    }
    assert counts == COUNTS


def test_schedules_name_their_fields_in_crons_order() -> None:
    names = ARGUMENTS[PacketType.SUBMIT_JOB_SCHED]
    assert names[2:7] == ("minute", "hour", "day", "month", "weekday")


@pytest.mark.parametrize("packet_type", list(PacketType))
def test_a_response_has_magic_type_and_size(packet_type: PacketType) -> None:
    start = b"\0RES" + bytes((0, 0, 0, packet_type))
    assert encode(packet_type, b"four") == start + b"\0\0\0\x04four"


@pytest.mark.parametrize("packet_type", list(PacketType))
def test_a_request_has_magic_type_and_size(packet_type: PacketType) -> None:
    start = b"\0REQ" + bytes((0, 0, 0, packet_type))
    assert request(packet_type, b"four") == start + b"\0\0\0\x04four"


def test_a_request_parts_its_arguments_by_nul() -> None:
    sent = request(PacketType.SUBMIT_JOB, b"rev", b"u", b"hi")
    assert sent == b"\0REQ\0\0\0\x07\0\0\0\x08rev\0u\0hi"


def test_a_request_without_arguments_is_a_header() -> None:
    assert request(PacketType.GRAB_JOB) == b"\0REQ\0\0\0\x09\0\0\0\0"


def test_the_size_is_big_endian() -> None:
    assert header(PacketType.ECHO_RES, 0x01020304)[8:] == b"\x01\x02\x03\x04"


def test_the_largest_size_fits() -> None:
    assert header(PacketType.ECHO_RES, 2**32 - 1)[8:] == b"\xff\xff\xff\xff"


def test_a_size_beyond_the_length_field_is_refused() -> None:
    with pytest.raises(OverflowError):
        header(PacketType.ECHO_RES, 2**32)


def test_a_packet_keeps_what_it_is_given() -> None:
    packet = Packet(7, b"f\0u\0w", [b"f", b"u", b"w"], NO_MORE)
    assert packet.type == 7
    assert packet.payload == b"f\0u\0w"
    assert packet.arguments == [b"f", b"u", b"w"]
    assert packet.more == []
