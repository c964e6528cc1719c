"""Channel between two processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.supervisor.channel import Channel, Note, channel_pair

Pair = tuple[Channel, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ends = channel_pair()
    yield ends
    for end in ends:
        end.close()


def receive(channel: Channel, count: int) -> list[Note]:
    found: list[Note] = []
    while len(found) < count:
        found += channel.receive()
    return found


def test_notes_arrive_in_their_order_with_all_values(pair: Pair) -> None:
    here, there = pair
    here.send("loaded")
    here.send("broken", text="ä\nb", files=["x"])
    assert receive(there, 2) == [
        Note("loaded", {}),
        Note("broken", {"text": "ä\nb", "files": ["x"]}),
    ]


def test_a_note_longer_than_a_read_arrives_whole(pair: Pair) -> None:
    here, there = pair
    pid = os.fork()
    if pid == 0:
        here.send("broken", text="x" * 1_000_000)
        os._exit(0)
    assert receive(there, 1) == [Note("broken", {"text": "x" * 1_000_000})]
    os.waitpid(pid, 0)


def test_descriptors_arrive_with_the_notes_they_were_sent_with(pair: Pair) -> None:
    here, there = pair
    pairs = [socket.socketpair() for _ in range(3)]
    for number, (end, _) in enumerate(pairs):
        here.send("other")
        here.send("connected", end.fileno(), number=number)
        end.close()
    found = [note for note in receive(there, 6) if note.kind == "connected"]
    for note, (_, peer) in zip(found, pairs, strict=True):
        assert note.descriptor is not None
        peer.sendall(b"%d" % note.values["number"])
        assert os.read(note.descriptor, 10) == b"%d" % note.values["number"]
        os.close(note.descriptor)
        peer.close()


def test_the_end_of_the_other_side_is_seen_after_its_notes(pair: Pair) -> None:
    here, there = pair
    here.send("loaded")
    here.close()
    assert there.receive() == [Note("loaded", {})]
    assert not there.is_closed
    assert there.receive() == []
    assert there.is_closed


def test_nothing_happens_to_who_tells_one_that_is_gone(pair: Pair) -> None:
    here, there = pair
    there.close()
    here.send("loaded")


def test_an_end_that_does_not_block_says_that_nothing_has_come(pair: Pair) -> None:
    _, there = pair
    there.set_blocking(False)
    with pytest.raises(BlockingIOError):
        there.receive()


def test_what_is_no_note_ends_them_all(pair: Pair) -> None:
    here, there = pair
    os.write(here.fileno(), b"what a handler prints to a number\n")
    assert there.receive() == []
    assert there.is_closed


def test_a_descriptor_there_is_no_room_for_does_not_come(pair: Pair) -> None:
    here, there = pair
    os.write(here.fileno(), b'{"kind": "connected", "fd": true, "number": 1}\n')
    assert receive(there, 1) == [Note("connected", {"number": 1}, None)]


def test_nothing_is_told_to_what_has_the_number_of_an_end(
    pair: Pair, tmp_path: Path
) -> None:
    here, there = pair
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    number = here.fileno()
    os.dup2(other, number)
    here.send("loaded")
    assert here.receive() == []
    assert here.is_closed
    here.close()
    # Still open.
    os.write(number, b"mine")
    assert os.pread(other, 100, 0) == b"mine"
    assert there.receive() == []
    assert there.is_closed
    os.close(number)
    os.close(other)
