"""Headers as they are sent and kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.protocol.constants import PacketType
from geartrain.protocol.headers import (
    MAX_HEADERS,
    MAX_HEADERS_SIZE,
    asked,
    fault,
    join,
    split_headers,
    told,
)
from geartrain.protocol.parser import Parser
from geartrain.protocol.replies import ReplyParser

names = st.from_regex(r"\A[a-z.-]{1,64}\Z").map(str.encode)
values = st.binary(max_size=100).map(lambda data: data.replace(b"\0", b""))


@given(st.dictionaries(names, values, min_size=1, max_size=20))
def test_headers_come_back_as_they_were(headers: dict[bytes, bytes]) -> None:
    data = join(headers.items())
    assert fault(data) == ""
    assert dict(split_headers(data)) == headers


@given(st.binary(max_size=5000))
def test_any_bytes_are_right_or_refused(data: bytes) -> None:
    if not fault(data):
        assert join(split_headers(data)) == data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "a value each"),
        (b"a", "a value each"),
        (b"a\0b\0c", "a value each"),
        (b"a\x001\0a\x002", "twice"),
        (b"\0b", "1 to 64 visible"),
        (b"a b\0c", "1 to 64 visible"),
        (b"a=b\0c", "1 to 64 visible"),
        (b"a\n\0c", "1 to 64 visible"),
        (b"\xc3\xa4\0c", "1 to 64 visible"),
        (b"a" * 65 + b"\0c", "1 to 64 visible"),
        (b"a\0" + b"x" * MAX_HEADERS_SIZE, "at most 4096 bytes, not 4098"),
        (join((b"%d" % n, b"") for n in range(MAX_HEADERS + 1)), "at most 32"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, expected: str) -> None:
    assert expected in fault(data)


def test_the_most_is_taken() -> None:
    assert fault(join((b"%d" % n, b"") for n in range(MAX_HEADERS))) == ""
    assert fault(b"a\0" + b"x" * (MAX_HEADERS_SIZE - 2)) == ""
    assert split_headers(b"") == []


def test_they_are_an_option_in_both_directions() -> None:
    parser = Parser(1024)
    parser.feed(asked(b"a\0b"))
    request = parser.next()
    replies = ReplyParser()
    replies.feed(told(b"a\0b"))
    reply = replies.next()
    assert request is not None
    assert reply is not None
    for packet, kind in ((request, PacketType.OPTION_REQ), (reply, 27)):
        assert getattr(packet, "type", 0) == kind
        assert getattr(packet, "arguments", []) == [b"headers\0a\0b"]
