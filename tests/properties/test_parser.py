"""The parser, whatever arrives and however it is cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from geartrain.errors import ForeignError, PacketError, ProtocolError
from geartrain.protocol.admin import Command
from geartrain.protocol.constants import MAX_ARGUMENTS_SIZE, TYPE_END, PacketType
from geartrain.protocol.foreign import check_lines
from geartrain.protocol.packets import ARGUMENTS, Packet, request
from geartrain.protocol.parser import Parser

LIMIT = 100_000

# What a parser made of its input: packets, commands and refusals, comparable.
Outcome = tuple[object, ...]


def parse(pieces: list[bytes]) -> list[Outcome]:
    """Feed the pieces one by one and tell all that came out."""
    parser = Parser(LIMIT)
    outcomes: list[Outcome] = []
    for piece in pieces:
        parser.feed(piece)
        while True:
            try:
                message = parser.next()
            except PacketError as error:
                outcomes.append(("refused", error.code, error.text))
                continue
            except ProtocolError as error:
                outcomes.append(("closed", error.code))
                return outcomes
            if message is None:
                break
            outcomes.append(describe(message))
    return outcomes


def describe(message: Packet | Command) -> Outcome:
    """Make a message comparable, whether or not it came in pieces."""
    if isinstance(message, Command):
        return ("command", *message.words)
    rest = b"".join(message.more)
    arguments = list(message.arguments)
    if arguments:
        arguments[-1] += rest
    return ("packet", message.type, message.payload + rest, *arguments)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """Cut a stream at these places."""
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


words = st.binary(max_size=12).map(lambda text: text.replace(b"\0", b""))
workloads = st.one_of(
    st.binary(max_size=40),
    st.integers(MAX_ARGUMENTS_SIZE - 40, LIMIT + MAX_ARGUMENTS_SIZE).map(
        lambda size: b"w\0" * (size // 2)
    ),
)


@st.composite
def whole_packets(draw: st.DrawFn) -> bytes:
    """Return a packet of any type with as many arguments as it has."""
    packet_type = draw(st.sampled_from(list(PacketType)))
    names = ARGUMENTS[packet_type]
    arguments = [draw(words) for _ in names[:-1]]
    if names:
        arguments.append(draw(workloads if names[-1] == "data" else words))
    return request(packet_type, *arguments)


def is_gearmans(line: bytes) -> bool:
    """Tell whether a line is not taken for another protocol's."""
    try:
        return check_lines(line, 0, len(line)) == len(line)
    except ForeignError:
        return False


lines = (
    st.binary(max_size=40)
    .map(lambda text: b"a" + text.replace(b"\0", b"").replace(b"\n", b"") + b"\n")
    .filter(is_gearmans)
)
wrong_packets = st.builds(
    lambda magic, code, payload: (
        magic + code.to_bytes(4, "big") + len(payload).to_bytes(4, "big") + payload
    ),
    st.sampled_from([b"\0REQ", b"\0RES", b"\0rEQ", b"\0\0\0\0"]),
    st.one_of(st.integers(0, TYPE_END + 3), st.just(0x80000000)),
    st.binary(max_size=30),
)
streams = st.lists(
    st.one_of(whole_packets(), lines, wrong_packets), min_size=1, max_size=6
).map(b"".join)


@given(streams, st.lists(st.integers(0, 1_000_000), max_size=8))
def test_any_cut_of_a_stream_gives_the_same_messages(
    stream: bytes, places: list[int]
) -> None:
    assert parse(cut(stream, places)) == parse([stream])


@given(streams)
def test_a_stream_byte_by_byte_gives_the_same_messages(stream: bytes) -> None:
    short = stream[:3000]
    pieces = [short[index : index + 1] for index in range(len(short))]
    assert parse(pieces) == parse([short])


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_random_bytes_give_messages_or_a_protocol_error(pieces: list[bytes]) -> None:
    # Anything but a message or a ProtocolError escapes ``parse`` and fails this.
    parse(pieces)


@given(st.lists(whole_packets(), max_size=8))
def test_whole_packets_come_out_as_they_went_in(packets: list[bytes]) -> None:
    limit = LIMIT + MAX_ARGUMENTS_SIZE
    taken = [packet for packet in packets if len(packet) - 12 <= limit]
    outcomes = parse([b"".join(taken)])
    assert [outcome[:3] for outcome in outcomes] == [
        ("packet", int.from_bytes(packet[4:8], "big"), packet[12:]) for packet in taken
    ]


foreign_lines = st.one_of(
    st.sampled_from([b"Host: x\r\n", b"PRI * HTTP/2.0\r\n", b"EHLO x\n", b"get\n"]),
    st.builds(
        lambda blank, method, path: blank + method + b" /" + path + b" HTTP/1.1\r\n",
        st.sampled_from([b"", b" ", b"\t\r "]),
        st.from_regex(rb"\A[A-Za-z!#$%&'*+.^_`|~0-9-]{1,20}\Z"),
        st.from_regex(rb"\A[!-~]{0,40}\Z"),
    ),
)


@given(streams, foreign_lines, streams, st.lists(st.integers(0, 1_000_000), max_size=8))
def test_nothing_behind_a_line_of_another_protocol_is_carried_out(
    before: bytes, line: bytes, behind: bytes, places: list[int]
) -> None:
    honest = parse([before])
    outcomes = parse(cut(before + line + behind, places))
    is_closed = honest[-1][0] == "closed"
    assert outcomes[-1] == (
        honest[-1] if is_closed else ("closed", b"UNKNOWN_PROTOCOL")
    )
    if not is_closed and outcomes[:-1] != honest:
        # What came in one piece with it was not carried out either.
        assert outcomes[:-1] == honest[: len(outcomes) - 1]
