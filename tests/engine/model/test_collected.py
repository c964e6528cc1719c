"""What an attempt has sent, up to a number of bytes."""

from __future__ import annotations

from geartrain.engine.model.collected import Collected


def test_pieces_are_held_as_they_came() -> None:
    collected = Collected(10)
    assert collected.add(b"abc", []) == 3
    assert collected.add(b"de", [b"fg", b"h"]) == 5
    assert collected.pieces == [b"abc", b"de", b"fg", b"h"]
    assert (collected.size, collected.held) == (8, 8)
    assert collected.is_whole()


def test_beyond_the_bound_only_bytes_are_counted() -> None:
    collected = Collected(4)
    assert collected.add(b"abcd", []) == 4
    assert collected.is_whole()
    assert collected.add(b"e", []) == -4
    assert collected.add(b"fg", []) == 0
    assert (collected.size, collected.held, collected.pieces) == (7, 0, [])
    assert not collected.is_whole()


def test_nothing_is_whole() -> None:
    collected = Collected(0)
    assert collected.add(b"", []) == 0
    assert collected.is_whole()
    assert collected.pieces == []
