"""A process tells whoever watches it that it is well."""

from __future__ import annotations

import os
import selectors
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from geartrain.errors import ListenError, StartError
from geartrain.supervisor.liveness import LivenessFile, LivenessPort


def status_of(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def ask(healthy: bool) -> int:
    """Ask one that is served by a loop such as the supervisor's."""
    port = LivenessPort(0)
    with selectors.PollSelector() as selector, ThreadPoolExecutor(1) as threads:
        port.register(selector)
        port.tell(healthy, selector)
        asked = threads.submit(status_of, port.port)
        while not asked.done():
            for key, _ in selector.select(0.01):
                port.ready(key.fileobj, selector)
        port.close()
        return asked.result()


def test_http_says_how_it_is() -> None:
    assert ask(healthy=True) == 200
    assert ask(healthy=False) == 503


def test_who_connects_and_asks_nothing_does_not_block_others() -> None:
    port = LivenessPort(0)
    with selectors.PollSelector() as selector:
        port.register(selector)
        silent = socket.create_connection(("127.0.0.1", port.port), 5)
        asking = socket.create_connection(("127.0.0.1", port.port), 5)
        asking.sendall(b"GET / HTTP/1.0\r\n\r\n")
        asking.settimeout(0.01)
        answer = b""
        while not answer:
            for key, _ in selector.select(0.01):
                port.ready(key.fileobj, selector)
            try:
                answer = asking.recv(100)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 503 ")
        port.close()
        silent.close()
        asking.close()


def test_a_port_that_is_taken_is_an_error_that_names_it() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"liveness port {port} cannot"):
            LivenessPort(port)


def test_the_file_is_touched_while_all_is_well_and_gone_at_the_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "alive"
    file = LivenessFile(str(path))
    file.tell(False)
    assert not path.exists()
    file.tell(True)
    os.utime(path, (1, 1))
    file.tell(False)
    assert path.stat().st_mtime == 1
    file.tell(True)
    assert path.stat().st_mtime > 1
    file.close()
    assert not path.exists()


def test_a_file_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "alive")
    with pytest.raises(StartError, match=f"liveness file {path} cannot be written"):
        LivenessFile(path)
