"""Something to connect to: one connection, served in a thread."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from geartrain.transport.address import Address

__all__ = ["LOOPBACK", "Serve", "echo", "listening", "over_tls"]

LOOPBACK = Address(host="127.0.0.1", port=0)

Serve = Callable[[socket.socket], None]


@contextmanager
def listening(serve: Serve, address: Address = LOOPBACK) -> Iterator[Address]:
    """Accept one connection and let ``serve`` talk to it, in a thread."""

    def accept() -> None:
        connection, _ = listener.accept()
        with closing(connection):
            connection.settimeout(10)
            serve(connection)

    inet = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    family = socket.AF_UNIX if address.path else inet
    with socket.socket(family) as listener:
        listener.bind(address.path or (address.host, address.port))
        listener.listen()
        thread = threading.Thread(target=accept)
        thread.start()
        port = 0 if address.path else listener.getsockname()[1]
        try:
            yield Address(host=address.host, port=port, path=address.path)
        finally:
            thread.join(10)
            assert not thread.is_alive()


def echo(connection: socket.socket) -> None:
    """Send back what comes, until the other side leaves."""
    while data := connection.recv(1000):
        connection.sendall(data)


def over_tls(context: ssl.SSLContext) -> Serve:
    """Return what sends back over TLS what comes."""

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            echo(wrapped)

    return serve
