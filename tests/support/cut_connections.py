"""A proxy before a server that can lose an answer, as a network does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["CuttingProxy", "cutting_proxy"]

_MOST = 1024 * 1024


class CuttingProxy:
    """Passes connections on to a port of this machine.

    Attributes:
        port: its own port.
        target: the port that it passes connections on to.
        word: while this is set, the next request that ends in it reaches the server,
            and its answer nobody: both connections are closed then.
        is_before: it is closed before the request reaches the server.
        cuts: how many connections were cut so.
    """

    def __init__(self, port: int) -> None:
        self.word = b""
        self.is_before = False
        self.cuts = 0
        self._swallows = False
        self._answered = threading.Event()
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(
                    target=self._serve, args=(client,), daemon=True
                ).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(ConnectionRefusedError), self._connect() as server:
            answers = threading.Thread(
                target=self._pass_answers, args=(server, client), daemon=True
            )
            answers.start()
            with suppress(OSError):
                while request := client.recv(_MOST):
                    if self.word and request.endswith(self.word):
                        self._cut(server, request)
                        break
                    server.sendall(request)
            for each in (client, server):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            answers.join()

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.target))

    def _cut(self, server: socket.socket, request: bytes) -> None:
        self.word = b""
        self.cuts += 1
        if not self.is_before:
            self._answered.clear()
            self._swallows = True
            server.sendall(request)
            self._answered.wait(10)

    def _pass_answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(_MOST):
                if self._swallows:
                    self._swallows = False
                    self._answered.set()
                    return
                client.sendall(answer)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(port: int) -> Iterator[CuttingProxy]:
    """Run a proxy for the length of the block."""
    proxy = CuttingProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
