"""Unix sockets and their files: modes, what a crash left, what is another's."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from geartrain.errors import ListenError
from geartrain.transport.address import Address
from geartrain.transport.listeners import SocketFile, bind


def listening(path: Path, mode: int = 0o666) -> socket.socket:
    (listener,) = bind(Address(path=str(path), port=0), 8, mode)
    return listener


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o600])
def test_a_socket_has_the_mode_that_was_asked_for(mode: int, tmp_path: Path) -> None:
    with listening(tmp_path / "socket", mode):
        found = (tmp_path / "socket").stat().st_mode
        assert stat.S_IMODE(found) == mode


def test_what_is_no_socket_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(ListenError, match="no socket: remove it, or name another"):
        listening(path)
    assert path.read_text() == "data"


def test_a_link_is_left_alone_whatever_it_leads_to(tmp_path: Path) -> None:
    listening(tmp_path / "stale").close()
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "stale")
    with pytest.raises(ListenError, match="no socket"):
        listening(path)
    assert path.is_symlink()
    assert (tmp_path / "stale").exists()


def test_one_whose_queue_is_full_is_still_listened_on(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    waiting = []
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(3):
            peer = socket.socket(socket.AF_UNIX)
            peer.setblocking(False)
            peer.connect_ex(str(path))
            waiting.append(peer)
        with pytest.raises(ListenError, match="Address already in use"):
            listening(path)
    for peer in waiting:
        peer.close()


def test_only_the_own_file_is_removed_or_given_away(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    first = listening(path)
    file = SocketFile(str(path))
    path.rename(tmp_path / "moved")
    with listening(path):
        file.give_to(os.geteuid(), os.getegid())
        file.remove()
        assert path.exists()
    first.close()
    path.unlink()
    file.remove()

    with listening(path):
        file = SocketFile(str(path))
        file.give_to(os.geteuid(), os.getegid())
        file.remove()
        assert not path.exists()
