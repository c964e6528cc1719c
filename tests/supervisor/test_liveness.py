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


def answer_of(port: LivenessPort, host: str, path: str) -> bytes:
    """Ask for a path while a loop such as the supervisor's serves the port."""
    with selectors.PollSelector() as selector:
        port.register(selector)
        port.tell(True, selector, ready=False)
        asking = socket.create_connection((host, port.port), 5)
        with asking:
            asking.sendall(b"GET %s HTTP/1.0\r\n\r\n" % path.encode())
            for _ in range(2):
                for key, _ in selector.select(5):
                    port.ready(key.fileobj, selector)
            return asking.recv(100)


@pytest.mark.parametrize("host", ["", "::", "::1"])
def test_it_is_told_on_ipv6_too(host: str) -> None:
    try:
        port = LivenessPort(0, host)
    except ListenError:
        pytest.skip("this machine has no IPv6")
    try:
        assert answer_of(port, "::1", "/").startswith(b"HTTP/1.1 200 ")
    finally:
        port.close()


def test_it_may_be_told_to_this_machine_alone() -> None:
    port = LivenessPort(0, "localhost")
    try:
        assert answer_of(port, "localhost", "/").startswith(b"HTTP/1.1 200 ")
    finally:
        port.close()


@pytest.mark.parametrize("path", ["/ready", "/ready?now=1"])
def test_whether_work_is_done_is_told_apart_from_life(path: str) -> None:
    port = LivenessPort(0)
    try:
        assert answer_of(port, "127.0.0.1", path).startswith(b"HTTP/1.1 503 ")
        assert answer_of(port, "127.0.0.1", "/readiness").startswith(b"HTTP/1.1 200 ")
    finally:
        port.close()


@pytest.mark.parametrize("what", ["file", "link", "folder"])
def test_what_is_no_liveness_file_is_left_alone(what: str, tmp_path: Path) -> None:
    path, target = tmp_path / "alive", tmp_path / "precious"
    target.write_text("data")
    if what == "file":
        target.rename(path)
        target = path
    elif what == "link":
        path.symlink_to(target)
    else:
        path.mkdir()
    with pytest.raises(StartError, match="is no liveness file"):
        LivenessFile(str(path))
    assert target.read_text() == "data"


def test_what_a_run_before_has_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    path.touch()
    file = LivenessFile(str(path))
    assert not path.exists()
    file.tell(healthy=True)
    assert path.exists()
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    file.tell(healthy=True)
    assert not (tmp_path / "elsewhere").exists()
    file.close()
