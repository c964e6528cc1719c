"""Who looks at a job server while it works: Prometheus, and open dashboards."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

from benchmarks.errors import BenchmarkError
from geartrain.dashboard.pages import PAGES
from tests.support.waiting import wait_until

EVENT_STREAMS = 10
OPEN_PAGES = 10
SCRAPE_INTERVAL = 1.0

_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {kind}\r\n"
    "Connection: close\r\n\r\n"
)
_STREAM = "text/event-stream"
_CHUNK = 256 * 1024


@contextmanager
def watching(http: Path) -> Iterator[None]:
    """Scrape metrics each second, read ten event streams and have ten pages open.

    The pages are all that need no name, as many times as it takes.

    Raises:
        BenchmarkError: the job server does not answer as it should.
    """
    # It listens for HTTP last of all.
    wait_until(http.exists, "the job server serves HTTP")
    stop = threading.Event()
    pages = [each.path for each in PAGES if each.is_live and "{" not in each.path]
    paths = ["/v1/events"] * EVENT_STREAMS + [*islice(cycle(pages), OPEN_PAGES)]
    streams = [_asked(http, path, _STREAM) for path in paths]
    failures: list[str] = []
    threads = [
        threading.Thread(target=_read, args=(each,), daemon=True) for each in streams
    ]
    threads.append(
        threading.Thread(target=_scrape, args=(http, stop, failures), daemon=True)
    )
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for stream in streams:
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)
        for stream in streams:
            stream.close()
    if failures:
        raise BenchmarkError(f"/metrics was not answered: {failures[0]}")


def _asked(http: Path, path: str, kind: str = "*/*") -> socket.socket:
    """Return a connection on which a path was asked for, which has begun to answer."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(str(http))
    connection.sendall(_REQUEST.format(path=path, kind=kind).encode())
    answer = connection.recv(_CHUNK)
    if not answer.startswith(b"HTTP/1.1 200 "):
        connection.close()
        raise BenchmarkError(f"{path} was answered {answer[:60]!r}")
    return connection


def _read(stream: socket.socket) -> None:
    stream.settimeout(None)
    with suppress(OSError):
        while stream.recv(_CHUNK):
            pass


def _scrape(http: Path, stop: threading.Event, failures: list[str]) -> None:
    while not stop.wait(SCRAPE_INTERVAL):
        try:
            with _asked(http, "/metrics") as connection:
                _read(connection)
        except (OSError, BenchmarkError) as error:
            failures.append(str(error))
