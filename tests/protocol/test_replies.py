"""Bytes of a job server in, packets out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import ARGUMENTS, encode
from geartrain.protocol.replies import ReplyParser

Found = tuple[int, list[bytes]]


def taken(parser: ReplyParser) -> list[Found]:
    """Take all packets there are."""
    found = []
    while (packet := parser.next()) is not None:
        assert packet.more == []
        found.append((packet.type, packet.arguments))
    return found


def refusal(data: bytes) -> ProtocolError:
    """Return the error that these bytes raise."""
    parser = ReplyParser()
    parser.feed(data)
    with pytest.raises(ProtocolError) as caught:
        taken(parser)
    return caught.value


names = st.binary(max_size=20).map(lambda name: name.replace(b"\0", b"-"))


@st.composite
def packets(draw: st.DrawFn) -> Found:
    packet_type = draw(st.sampled_from([t for t in PacketType if ARGUMENTS[t]]))
    count = len(ARGUMENTS[packet_type])
    arguments = [draw(names) for _ in range(count - 1)]
    last = st.binary(max_size=200)
    if ARGUMENTS[packet_type][-1] == "data":
        last |= st.just(b"\0" * 70000)
    data = draw(last)
    return int(packet_type), [*arguments, data]


@given(st.lists(packets(), max_size=6), st.data())
def test_packets_come_whole_however_the_bytes_are_cut(
    sent: list[Found], data: st.DataObject
) -> None:
    stream = b"".join(encode(t, b"\0".join(arguments)) for t, arguments in sent)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    parser = ReplyParser()
    found: list[Found] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        parser.feed(stream[start:end])
        found += taken(parser)
    assert found == sent


def test_packets_come_whole_a_byte_at_a_time() -> None:
    stream = encode(PacketType.JOB_CREATED, b"H:1") + encode(PacketType.NO_JOB, b"")
    parser = ReplyParser()
    found = []
    for place in range(len(stream)):
        parser.feed(stream[place : place + 1])
        found += taken(parser)
    assert found == [(PacketType.JOB_CREATED, [b"H:1"]), (PacketType.NO_JOB, [])]


def test_a_packet_before_one_that_breaks_the_protocol_is_given() -> None:
    parser = ReplyParser()
    parser.feed(encode(PacketType.ECHO_RES, b"x") + b"HTTP/1.1 400")
    packet = parser.next()
    assert packet is not None
    assert packet.arguments == [b"x"]
    with pytest.raises(ProtocolError, match="no Gearman job server"):
        parser.next()


@pytest.mark.parametrize("size", [1, 3, 4, 7])
def test_what_is_no_job_server_is_noticed_by_its_first_bytes(size: int) -> None:
    assert refusal(b"SSH-2.0-x"[:size]).code == b"INVALID_MAGIC"


@pytest.mark.parametrize("size", [1, 4, 7, 11])
def test_the_beginning_of_a_header_is_waited_for(size: int) -> None:
    parser = ReplyParser()
    parser.feed(encode(PacketType.ECHO_RES, b"")[:size])
    assert parser.next() is None


def test_a_request_is_none_of_a_job_servers_packets() -> None:
    assert refusal(b"\0REQ\0\0\0\x10\0\0\0\0").code == b"INVALID_MAGIC"


@pytest.mark.parametrize("code", [0, 43, 0xFFFFFFFF])
def test_an_unknown_packet_type_is_named(code: int) -> None:
    error = refusal(b"\0RES" + code.to_bytes(4, "big") + bytes(4))
    assert error.code == b"INVALID_COMMAND"
    assert str(code).encode() in error.text


def test_missing_arguments_are_named() -> None:
    error = refusal(encode(PacketType.STATUS_RES, b"H:1\x001"))
    assert error.code == b"INVALID_PACKET"
    assert b"STATUS_RES with 2 of its 5 arguments (handle, known" in error.text


@pytest.mark.parametrize(
    "packet_type", [t for t in PacketType if ARGUMENTS[t][-1:] != ("data",)]
)
def test_a_packet_without_data_is_not_waited_for_if_it_is_huge(
    packet_type: PacketType,
) -> None:
    head = b"\0RES" + int(packet_type).to_bytes(4, "big")
    error = refusal(head + b"\xff\xff\xff\xff")
    assert b"of 4294967295 bytes: it has at most 65536" in error.text
    parser = ReplyParser()
    parser.feed(head + (65536).to_bytes(4, "big"))
    assert parser.next() is None


def test_large_packets_stay_in_pieces_where_that_is_asked_for() -> None:
    data = bytes(range(256)) * 4000
    stream = encode(PacketType.WORK_DATA, b"H:1\0" + data)
    parser = ReplyParser(in_pieces=True)
    for start in range(0, len(stream), 1000):
        assert parser.next() is None
        parser.feed(stream[start : start + 1000])
    packet = parser.next()
    assert packet is not None
    assert packet.arguments[0] == b"H:1"
    assert len(packet.more) > 1
    assert b"".join([packet.arguments[1], *packet.more]) == data
    assert parser.next() is None


@pytest.mark.parametrize("step", [1000, 300_000])
def test_of_what_is_too_large_only_the_beginning_is_kept(step: int) -> None:
    data = bytes(200_000)
    stream = encode(PacketType.WORK_DATA, b"H:1\0" + data)
    stream += encode(PacketType.WORK_COMPLETE, b"H:1\0done")
    parser = ReplyParser(most=100_000)
    found, cuts = [], []
    for start in range(0, len(stream), step):
        parser.feed(stream[start : start + step])
        while (packet := parser.next()) is not None:
            found.append((packet.type, packet.arguments[0]))
            cuts.append(parser.cut)
    assert found == [(PacketType.WORK_DATA, b"H:1"), (PacketType.WORK_COMPLETE, b"H:1")]
    assert cuts == [200_004, 0]
