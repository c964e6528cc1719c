"""Lines within limits, whoever sends them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from geartrain.transport.lines import Lines, TooMuchError

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@contextmanager
def sending(ends: Ends, data: bytes, pause: float = 0.0) -> Iterator[None]:
    """Have the other end send without end."""
    is_over = threading.Event()

    def send() -> None:
        try:
            while not is_over.wait(pause):
                ends[1].sendall(data)
        except OSError:
            pass

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        ends[0].close()
        thread.join()


def read_all(lines: Lines) -> None:
    while lines.next():
        pass


def test_lines_come_as_they_were_sent(ends: Ends) -> None:
    ours, theirs = ends
    theirs.sendall(b"one\ntwo\r\n\nrest")
    theirs.shutdown(socket.SHUT_WR)
    lines = Lines(ours, 20)
    found = [lines.next() for _ in range(5)]
    assert found == [b"one\n", b"two\r\n", b"\n", b"rest", b""]


def test_a_line_without_end_is_given_up(ends: Ends) -> None:
    lines = Lines(ends[0], 20)
    lines.begin(most_line=1_000_000)
    with sending(ends, b"x" * 65536):
        with pytest.raises(TooMuchError, match="a line of more than 1,000,000 bytes"):
            lines.next()
        assert len(lines._buffer) < 2_000_000


def test_a_list_without_end_is_given_up(ends: Ends) -> None:
    lines = Lines(ends[0], 20)
    lines.begin(most_line=1000, most_answer=100_000)
    with sending(ends, b"f\t0\t0\t0\n" * 100):
        with pytest.raises(TooMuchError, match="an answer that has no end"):
            read_all(lines)
        # The next answer has limits of its own.
        lines.begin()
        assert lines.next() == b"f\t0\t0\t0\n"


def test_a_line_byte_by_byte_is_given_up(ends: Ends) -> None:
    began = time.monotonic()
    with sending(ends, b"x", 0.05), pytest.raises(TimeoutError):
        Lines(ends[0], 0.5).next()
    assert time.monotonic() - began < 20


def test_lines_that_trickle_in_have_an_end(ends: Ends) -> None:
    with sending(ends, b"f\n", 0.01), pytest.raises(TimeoutError):
        read_all(Lines(ends[0], 0.05))
