"""What a connection holds: its outbox."""

from __future__ import annotations

import pytest

from geartrain.engine.model.peers import Peer
from geartrain.protocol.parser import Parser

LARGE = b"x" * 100_000


@pytest.fixture
def unsent() -> list[Peer]:
    return []


@pytest.fixture
def peer(unsent: list[Peer]) -> Peer:
    return Peer(5, b"127.0.0.1", True, Parser(1024), unsent)


def test_a_new_peer_is_nobody_in_particular(peer: Peer) -> None:
    assert (peer.descriptor, peer.address, peer.is_trusted) == (5, b"127.0.0.1", True)
    assert peer.client_id == b"-"
    assert not peer.wants_exceptions
    assert not peer.is_closing
    assert peer.take_outbox() == []


def test_small_pieces_are_sent_as_one(peer: Peer) -> None:
    for piece in (b"a", b"b", b"c"):
        peer.send(piece)
    assert peer.take_outbox() == [b"abc"]
    assert peer.take_outbox() == []


def test_a_peer_is_unsent_once_however_much_it_is_sent(
    peer: Peer, unsent: list[Peer]
) -> None:
    peer.send(b"a")
    peer.send(b"b")
    assert unsent == [peer]


def test_a_large_piece_is_not_copied(peer: Peer) -> None:
    for piece in (b"a", b"b", LARGE, LARGE, b"c", b"d"):
        peer.send(piece)
    taken = peer.take_outbox()
    assert taken == [b"ab", LARGE, LARGE, b"cd"]
    assert taken[1] is LARGE
    assert taken[2] is LARGE


def test_nothing_small_follows_a_large_piece(peer: Peer) -> None:
    peer.send(b"a")
    peer.send(LARGE)
    assert peer.take_outbox() == [b"a", LARGE]


def test_a_packet_in_pieces_keeps_its_order(peer: Peer) -> None:
    peer.send(b"before ")
    peer.send_pieces(b"head ", [b"one ", b"two "])
    peer.send(b"after")
    assert peer.take_outbox() == [b"before head one two after"]
