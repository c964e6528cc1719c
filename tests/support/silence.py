"""Job servers and name servers that say nothing, each in its own way."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest

from tests.support.servers import RunningServer
from tests.support.suspending import suspend

__all__ = ["black_holes", "hanging_names", "stopped"]


@contextmanager
def stopped(server: RunningServer) -> Iterator[None]:
    """Have a job server take connections, and nothing that is sent on them."""
    suspend(server.process)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@contextmanager
def black_holes(count: int) -> Iterator[tuple[list[str], int]]:
    """Give addresses, and a port, that swallow whoever wants to connect.

    They listen and do not accept, and their backlogs are full.
    """
    with ExitStack() as stack:
        port = 0
        hosts = [f"127.7.0.{number}" for number in range(1, count + 1)]
        for host in hosts:
            listener = stack.enter_context(socket.socket())
            listener.bind((host, port))
            listener.listen(0)
            port = listener.getsockname()[1]
            for _ in range(4):
                filler = stack.enter_context(closing(socket.socket()))
                filler.setblocking(False)
                filler.connect_ex((host, port))
        yield hosts, port


@contextmanager
def hanging_names(
    patch: pytest.MonkeyPatch, names: dict[str, list[str]]
) -> Iterator[None]:
    """Have names ending in ``.hangs`` looked up without end, and know some others."""
    real = socket.getaddrinfo
    ended = threading.Event()

    def look_up(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host in names:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, int(port)))
                for each in names[host]
            ]
        if isinstance(host, str) and host.endswith(".hangs"):
            ended.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, port, *more, **named)

    patch.setattr(socket, "getaddrinfo", look_up)
    try:
        yield
    finally:
        ended.set()
        patch.undo()
