"""What a job server says of itself when it works for another one."""

from __future__ import annotations

import pytest

from geartrain.protocol.nodes import MAX_NAME, introduction, read_introduction


def test_an_introduction_is_read_as_it_was_made() -> None:
    assert read_introduction(introduction(b"ab12", b"east")) == (b"ab12", b"east")


def test_a_long_name_is_cut() -> None:
    assert read_introduction(introduction(b"a", b"n" * 1000)) == (b"a", b"n" * MAX_NAME)


@pytest.mark.parametrize(
    "option", [b"node\0", b"node\0\0name", b"node\0a b\0n", b"node\0" + b"a" * 33]
)
def test_one_without_a_proper_identity_is_none(option: bytes) -> None:
    assert read_introduction(option) == (b"", b"")
