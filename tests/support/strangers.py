"""Programs that answer on a port and are no job server, for real."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

__all__ = ["answering", "listening", "web_server"]


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """Listen on a free port, without ever accepting."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address(server: socket.socket) -> str:
    """Return ``host:port`` of a listening socket."""
    host, port = server.getsockname()
    return f"{host}:{port}"


@contextlib.contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Have one connection answered; give the address."""
    with listening() as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield address(server)
        finally:
            # For the case that nobody came.
            with contextlib.suppress(OSError):
                socket.create_connection(server.getsockname(), 1).close()
            thread.join(10)


@contextlib.contextmanager
def web_server() -> Iterator[str]:
    """Run a web server; give its address."""

    class Quiet(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield address(server.socket)
        finally:
            server.shutdown()
            thread.join(10)
