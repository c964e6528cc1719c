"""gearmand's HTTP protocol: the same requests to both job servers, and hostile ones."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator

import pytest

from geartrain.worker import Worker
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    running_gearmand,
)
from tests.support.waiting import PATIENCE, wait_until


@contextlib.contextmanager
def ours(*flags: str) -> Iterator[tuple[RunningServer, int]]:
    """Run our ``gearmand`` with HTTP; give the port of that, too."""
    port, web = free_port(), free_port()
    words = ["-L", "127.0.0.1", "-p", str(port), "-l", "stderr", "--verbose", "INFO"]
    words += ["-r", "http", "--http-port", str(web), "--pid-file", "", *flags]
    with run_server([*geartrain_command("gearmand"), *words], port) as server:
        yield server, web


@contextlib.contextmanager
def theirs() -> Iterator[tuple[RunningServer, int]]:
    web = free_port()
    with running_gearmand("-r", "http", "--http-port", str(web)) as server:
        yield server, web


@contextlib.contextmanager
def worker(server: RunningServer) -> Iterator[None]:
    """Have jobs run that reverse, fail and tell their size."""
    working = Worker(server.address)
    working.register("rev", lambda job: job.workload[::-1])
    working.register("size", lambda job: str(len(job.workload)))
    working.register("fail", lambda job: job.send_fail())
    thread = threading.Thread(target=working.run)
    thread.start()
    try:
        yield
    finally:
        working.stop()
        thread.join(PATIENCE)


def ask(port: int, *pieces: bytes) -> bytes:
    """Send a request; return all that is answered until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answered = b""
        while piece := connection.recv(1 << 20):
            answered += piece
    return answered


def alike(answered: bytes) -> bytes:
    """Return an answer without what is each server's own."""
    answered = re.sub(rb"Handle: \S+", b"Handle: H", answered)
    return re.sub(rb"Gearman/\S+", b"Gearman", answered)


REQUESTS = [
    b"POST /rev HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT ///rev HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /rev HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /rev HTTP/1.0\r\nX-Gearman-Background: True\r\nContent-Length: 1\r\n\r\nx",
    b"GET /size HTTP/1.0\r\nX-Gearman-Priority: high\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"BREW /pot HTTP/1.0\r\n\r\n",
    b"GET /rev HTTP/3.0\r\n\r\n",
]


@pytest.fixture(scope="module")
def places() -> Iterator[list[int]]:
    """Give the ports of both, with the same worker each."""
    with (
        ours("--compat", "1.1") as (mine, my_port),
        theirs() as (other, other_port),
        worker(mine),
        worker(other),
    ):
        yield [my_port, other_port]


@pytest.mark.parametrize("request_", REQUESTS)
def test_both_answer_alike(places: list[int], request_: bytes) -> None:
    mine, other = [alike(ask(port, request_)) for port in places]
    assert mine == other


def test_a_job_that_failed_is_answered_by_its_whole_handle(places: list[int]) -> None:
    mine = ask(places[0], b"GET /fail HTTP/1.0\r\n\r\n")
    assert re.search(rb"Handle: H:\S+:\d+\r\nX-Gearman-Command: WORK_FAIL\r\n", mine)


def test_a_large_body_in_pieces(places: list[int]) -> None:
    size = 20 * 1024 * 1024
    head = b"POST /size HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % size
    assert ask(places[0], head, b"x" * size).endswith(b"\r\n\r\n%d" % size)


def test_a_large_result(places: list[int]) -> None:
    size = 20 * 1024 * 1024
    head = b"POST /rev HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % size
    assert ask(places[0], head, b"x" * size).endswith(b"\r\n\r\n" + b"x" * size)


def test_a_client_that_leaves_takes_its_waiting_job_along() -> None:
    with ours() as (server, web):
        request = b"GET /nobody HTTP/1.0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", web), PATIENCE) as connection:
            connection.sendall(request)
            wait_until(lambda: waiting(server) == 1)
        wait_until(lambda: waiting(server) == 0)


def test_a_client_that_sends_nothing_more_gets_its_answer(places: list[int]) -> None:
    request = b"POST /rev HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"
    with socket.create_connection(("127.0.0.1", places[0]), PATIENCE) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answered = b""
        while piece := connection.recv(4096):
            answered += piece
    assert answered.endswith(b"\r\n\r\nolleh")


def test_a_request_that_ends_too_early_is_dropped(places: list[int]) -> None:
    with socket.create_connection(("127.0.0.1", places[0]), PATIENCE) as connection:
        connection.sendall(b"POST /rev HTTP/1.0\r\nContent-Length: 5\r\n\r\nhell")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(4096) == b""


def waiting(server: RunningServer) -> int:
    """Return how many jobs wait for the function that has no worker."""
    with server.connect(PATIENCE) as connection:
        connection.sendall(b"status\n")
        rows = b""
        while not rows.endswith(b".\n"):
            rows += connection.recv(65536)
    found = re.search(rb"^nobody\t(\d+)", rows, re.M)
    return int(found[1]) if found else 0


def test_what_follows_a_request_commands_nothing_and_has_an_end() -> None:
    with ours() as (server, web):
        request = b"GET /nobody HTTP/1.0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", web), PATIENCE) as connection:
            connection.sendall(request + b"shutdown\n" * 10)
            wait_until(lambda: waiting(server) == 1)
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"create function mine\n" * 10_000)
                assert connection.recv(1) == b""
        assert server.process.poll() is None
        wait_until(lambda: waiting(server) == 0)


def test_a_body_that_is_too_large_is_refused_before_it_comes(places: list[int]) -> None:
    head = b"POST /rev HTTP/1.0\r\nContent-Length: 2000000000\r\n\r\n"
    assert ask(places[0], head).startswith(b"HTTP/1.0 413 TOO_LARGE\r\n")
