"""A handler closes the descriptor of a connection, and another file gets its number."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from geartrain.transport.connect import connectors
from tests.support.waiting import wait_until
from tests.support.wire import Wire
from tests.support.worker_faces import Script, complete, outcome, running
from tests.worker.test_transports import Way, over_tcp, over_tls

WAYS: dict[str, Any] = {"tcp": over_tcp, "tls": over_tls}


@pytest.fixture(scope="module", params=sorted(WAYS))
def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    with WAYS[request.param](tmp_path_factory.mktemp("server")) as found:
        yield found


def connections(port: int) -> list[int]:
    """Return the descriptors that are connected to a port of this machine."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as one:
                    if one.getpeername()[1:2] == (port,):
                        found.append(int(name))
        except (OSError, TypeError):
            continue
    return found


def silence(number: int) -> int:
    """Return for how many milliseconds nothing was sent on a connection."""
    with socket.socket(fileno=os.dup(number)) as one:
        told = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    # ``tcpi_last_data_sent`` of linux/tcp.h.
    (milliseconds,) = struct.unpack_from("I", told, 44)
    return int(milliseconds)


def as_file(folder: Path) -> tuple[int, Callable[[], bytes]]:
    """Return a new file, and what reads what was written to it."""
    path = folder / "mine"
    return os.open(path, os.O_RDWR | os.O_CREAT), path.read_bytes


def as_socket(folder: Path) -> tuple[int, Callable[[], bytes]]:
    """Return a new socket with something to read, and what reads its other end."""
    here, there = socket.socketpair()
    there.send(b"for its owner")
    there.settimeout(10)

    def read() -> bytes:
        # It was not closed, nor shut down: else this would return at once.
        with there:
            return there.recv(100)

    return here.detach(), read


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")
@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize("other", [as_file, as_socket])
def test_nothing_is_sent_to_what_has_the_number_now(
    script: Script, way: Way, tmp_path: Path, other: Any, concurrency: int
) -> None:
    servers, tls = way
    (connector,) = connectors(servers, tls)
    port = int(str(servers).rpartition(":")[2])
    numbers: list[int] = []
    mine, read = other(tmp_path)

    def steal(job: Any) -> bytes:
        if not numbers:
            numbers.extend(set(connections(port)) - others)
            (number,) = numbers
            # A worker with a slot left asks for a second job and goes to sleep: what is
            # on its way in that moment, nobody can keep from who has the number then.
            wait_until(lambda: silence(number) > 50, "it has sent all")
            os.dup2(mine, number)
        return b"%d" % len(numbers)

    with Wire(connector.connect(20)) as wire:
        others = set(connections(port))
        worker = script.make(servers, tls=tls, concurrency=concurrency)
        worker.register("steal", script.handler(steal))
        with running(script, worker):
            # Its first attempt has lost its worker, as the job server sees it.
            assert outcome(wire, b"steal") == complete(b"1")
    (number,) = numbers
    # It was left open, and nothing of it was read.
    if other is as_socket:
        assert os.read(number, 100) == b"for its owner"
    os.write(number, b"its owner's")
    assert read() == b"its owner's"
    os.close(number)
    os.close(mine)
