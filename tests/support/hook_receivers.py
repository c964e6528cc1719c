"""Receive what a job server posts to its hooks."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

__all__ = ["Receiver", "answering", "dripping", "receiver"]


class Receiver:
    """What was posted, and how it is answered.

    Attributes:
        url: where to post.
        statuses: the statuses of the next answers; then 204.
        posts: headers and body of each request.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.statuses: list[int] = []
        self.posts: list[tuple[dict[str, str], bytes]] = []

    def messages(self) -> list[dict[str, Any]]:
        """Return the bodies."""
        return [json.loads(body) for _, body in self.posts]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Receive for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            received.posts.append((dict(self.headers), self.rfile.read(size)))
            status = received.statuses.pop(0) if received.statuses else 204
            self.send_response(status)
            self.send_header("Location", received.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Receiver(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Answer every connection with these bytes; yield the URL."""

    def answer_all() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_all, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        finally:
            # Closing alone would leave the other thread in accept().
            listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def dripping(answer: bytes) -> Iterator[str]:
    """Answer a connection with these bytes, one every tenth of a second."""
    is_over = threading.Event()

    def answer_one() -> None:
        with suppress(OSError), listener.accept()[0] as connection:
            for place in range(len(answer)):
                connection.sendall(answer[place : place + 1])
                if is_over.wait(0.1):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_one, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        finally:
            is_over.set()
            thread.join()
