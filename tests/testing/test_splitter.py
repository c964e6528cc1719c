"""Messages of a stream, wherever it is cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.testing.splitter import OTHER, Splitter

ECHO = request(PacketType.ECHO_REQ, b"1\n2")
SUBMIT = request(PacketType.SUBMIT_JOB, b"f", b"u", b"\0work\0")
LINE = b"status\n"


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


@given(
    st.lists(st.sampled_from([ECHO, SUBMIT, LINE]), max_size=6),
    st.lists(st.integers(0, 500), max_size=8),
)
def test_packets_come_whole_and_every_byte_comes_once(
    messages: list[bytes], places: list[int]
) -> None:
    stream = b"".join(messages)
    splitter = Splitter()
    found = [each for piece in cut(stream, places) for each in splitter.feed(piece)]
    assert b"".join(message for _, message in found) == stream
    packets = [message for code, message in found if code != OTHER]
    assert packets == [each for each in messages if each != LINE]


def test_packets_come_with_their_type() -> None:
    assert Splitter().feed(ECHO + SUBMIT) == [
        (PacketType.ECHO_REQ, ECHO),
        (PacketType.SUBMIT_JOB, SUBMIT),
    ]


def test_the_beginning_of_a_packet_is_kept() -> None:
    splitter = Splitter()
    assert splitter.feed(SUBMIT[:-1]) == []
    assert splitter.feed(SUBMIT[-1:]) == [(PacketType.SUBMIT_JOB, SUBMIT)]


def test_a_line_is_not_kept_until_its_end() -> None:
    splitter = Splitter()
    assert splitter.feed(b"sta") == [(OTHER, b"sta")]
    # What goes on with a line is no packet, whatever it begins with.
    assert splitter.feed(b"\0tus\n" + ECHO) == [
        (OTHER, b"\0tus\n"),
        (PacketType.ECHO_REQ, ECHO),
    ]


def test_what_nobody_understands_is_passed_on() -> None:
    nonsense = b"\0WHAT" + ECHO
    assert Splitter().feed(nonsense) == [(OTHER, nonsense)]
