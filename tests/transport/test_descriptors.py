"""A descriptor is known by the file it stood for."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from geartrain.transport import descriptors
from geartrain.transport.descriptors import Owned


@pytest.fixture(params=["marked", "by its number"])
def end(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """Return a socket, with and without what Linux alone has."""
    if request.param != "marked":
        monkeypatch.setattr(descriptors, "_GET_MARK", None)
    here, there = socket.socketpair()
    with here, there:
        yield here


def test_it_is_ours_as_long_as_it_is_open(end: socket.socket) -> None:
    owned = Owned(end.fileno())
    assert owned.is_ours()
    end.close()
    assert not owned.is_ours()


def test_another_file_of_the_number_is_not_ours(end: socket.socket) -> None:
    number = end.fileno()
    owned = Owned(number)
    other, peer = socket.socketpair()
    with other, peer:
        os.dup2(other.fileno(), number)
        assert not owned.is_ours()


def test_one_of_our_own_that_has_the_number_now_is_not_the_former(
    end: socket.socket,
) -> None:
    number = end.fileno()
    former = Owned(number)
    other, peer = socket.socketpair()
    with other, peer:
        os.dup2(other.fileno(), number)
        assert Owned(number).is_ours()
        assert not former.is_ours()


def test_what_is_not_open_is_an_error() -> None:
    end, peer = socket.socketpair()
    number = end.fileno()
    end.close()
    peer.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        Owned(number)
