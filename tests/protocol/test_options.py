"""Options of a submission as they are sent."""

from __future__ import annotations

from geartrain.protocol.options import announced, join_options


def test_names_and_values_are_encoded_as_by_forms() -> None:
    joined = join_options({"delay": "1h30m", "key": b"a b&=\xff+"})
    assert joined == b"delay=1h30m&key=a+b%26%3D%FF%2B"


def test_they_are_an_option_of_the_connection() -> None:
    packet = announced(b"delay=20m")
    assert packet == b"\0REQ\0\0\0\x1a\0\0\0\x11options\0delay=20m"
