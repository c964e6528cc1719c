"""Look-ups of names: in their time, few at once, in threads of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from geartrain.transport.lookup import is_number, look_up, look_up_soon
from tests.support.forking import in_child
from tests.support.waiting import wait_until


class NameServer:
    """Answers when it is told to; counts who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended = threading.Event()

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> Any:
        self.asked.append(host)
        self.ended.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port))] * 2


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    yield server
    server.ended.set()
    wait_until(lambda: not look_ups())


def look_ups() -> int:
    return sum("look-up" in thread.name for thread in threading.enumerate())


def test_each_address_is_found_once(names: NameServer) -> None:
    names.ended.set()
    found = [(socket.AF_INET, ("10.0.0.1", 4730))]
    assert look_up("a.test", 4730, 5.0) == found
    assert look_up("a.test", 4730, None) == found


def test_a_look_up_ends_in_time_and_is_shared(names: NameServer) -> None:
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(TimeoutError, match=r"looking up a\.test takes too long"):
            look_up("a.test", 4730, 0.05)
    assert time.monotonic() - began < 10
    assert names.asked == ["a.test"]
    assert look_ups() == 1


def test_so_many_are_looked_up_at_once(names: NameServer) -> None:
    for number in range(16):
        with pytest.raises(TimeoutError, match="too long"):
            look_up(f"n{number}.test", 1, 0.001)
    with pytest.raises(TimeoutError, match="16 names are being looked up"):
        look_up("more.test", 1, 5.0)
    assert look_ups() == 16
    names.ended.set()
    wait_until(lambda: not look_ups())
    assert look_up("more.test", 1, 5.0)


def test_a_child_has_look_ups_of_its_own(names: NameServer) -> None:
    for number in range(16):
        with pytest.raises(TimeoutError):
            look_up(f"n{number}.test", 1, 0.001)

    def child() -> bool:
        names.ended = threading.Event()
        names.ended.set()
        return bool(look_up("n1.test", 1, 10.0))

    assert in_child(child) == "True"


def test_without_a_thread_it_takes_as_long_as_it_takes(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    names.ended.set()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert look_up("a.test", 1, 5.0)
        assert look_up("a.test", 1, 5.0)


def test_soon_is_told_of_what_is_found_and_of_what_is_not(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    look_up_soon("a.test", 1, told.append)
    assert told == []
    names.ended.set()
    wait_until(lambda: bool(told))
    assert told == [[(socket.AF_INET, ("10.0.0.1", 1))]]
    monkeypatch.undo()
    look_up_soon("127.0.0.1", 2, told.append)
    assert told[1] == [(socket.AF_INET, ("127.0.0.1", 2))]
    look_up_soon("no-such-host.invalid", 2, told.append)
    wait_until(lambda: len(told) == 3)
    assert isinstance(told[2], OSError)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%lo"])
def test_addresses_are_no_names(host: str) -> None:
    assert is_number(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1.example", "münchen.example"])
def test_names_are_no_addresses(host: str) -> None:
    assert not is_number(host)


def test_a_name_is_looked_up_when_the_interpreter_ends() -> None:
    # Where the module's names are cleared, no thread begins any more.
    program = """
"".encode("idna")
from geartrain.transport.lookup import look_up

class Last:
    def __del__(self, look_up=look_up):
        print(len(look_up("localhost", 4730, 5.0)) > 0)

last = Last()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.stderr) == ("True\n", "")
