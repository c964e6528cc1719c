"""Slow, hostile and confused HTTP clients."""

from __future__ import annotations

import re
import socket
import time
from contextlib import ExitStack

import pytest

from tests.support.http_client import HttpServer, running_http
from tests.support.waiting import wait_until
from tests.support.wire import ProcessFigures

COVERS = ("http/problems", "http/streams", "http/app")


def answered(server: HttpServer, data: bytes) -> bytes:
    """Send bytes; return all that comes until the end."""
    with server.connect() as client:
        client.sendall(data)
        return all_of(client)


def all_of(client: socket.socket) -> bytes:
    found = b""
    while piece := client.recv(65536):
        found += piece
    return found


@pytest.mark.parametrize(
    "data",
    [
        b"\0REQ\0\0\0\x10\0\0\0\0",
        b"status\nversion\n\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/functions/f/jobs HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: -1\r\n\r\n",
        b"POST /v1/functions/f/jobs HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /v1/functions/f/jobs HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_and_left(server: HttpServer, data: bytes) -> None:
    answer = answered(server, data)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
    assert b"application/problem+json" in answer
    assert server.get("/v1/server").status == 200


def test_headers_without_an_end_are_not_gathered(server: HttpServer) -> None:
    endless = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 10_000_000
    with server.connect() as client, pytest.raises(OSError, match=r"reset|Broken"):
        client.sendall(endless)


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/jobs/",
        "//v1/jobs",
        "/v1/../v1/jobs",
        "/v1/functions//jobs",
        "*",
    ],
)
def test_an_unknown_path_is_a_problem(server: HttpServer, path: str) -> None:
    reply = server.ask("GET", path)
    assert (reply.status, reply.kind) == (404, "not-found")


def test_an_unknown_method_is_told_which_there_are(server: HttpServer) -> None:
    for method in ("PUT", "OPTIONS", "BREW"):
        reply = server.ask(method, "/v1/jobs/H:x:1")
        assert (reply.status, reply.kind) == (405, "method-not-allowed")
        assert set(reply.headers["allow"].split(", ")) == {"DELETE", "GET", "HEAD"}


def test_head_is_get_without_the_body(server: HttpServer) -> None:
    reply = server.ask("HEAD", "/v1/server")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 0


def test_old_clients_are_served(server: HttpServer) -> None:
    answer = answered(server, b"GET /v1/jobs HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert b"chunked" not in answer
    assert answer.endswith(b"}\n")


def test_who_would_rather_speak_something_else_is_answered_by_http(
    server: HttpServer,
) -> None:
    answer = answered(
        server,
        b"GET /v1/server HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n"
        b"Upgrade: websocket\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_malformed_requests_do_not_fill_the_log() -> None:
    with running_http() as server:
        for _ in range(1300):
            with server.connect() as client:
                client.sendall(b"\0\r\n\r\n")
                assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
        log = server.jobs.log.read_text()
    assert 1 <= log.count("Invalid HTTP request") < 1300
    assert "uvicorn" not in log


@pytest.mark.parametrize("path", [b"/v1/functions/f/jobs?no=1", b"/v1/session", b"/"])
def test_a_malformed_body_is_answered_once(path: bytes) -> None:
    with running_http() as server:
        answer = answered(
            server,
            b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0x5\r\nabcde\r\n0\r\n\r\n" % path,
        )
        assert server.get("/v1/server").status == 200
        log = server.jobs.log.read_text()
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"400"]
    assert "Traceback" not in log


@pytest.mark.parametrize("path", [b"/v1/functions/f/jobs", b"/livez", b"/login"])
def test_what_follows_a_body_of_two_sizes_is_no_request(
    server: HttpServer, path: bytes
) -> None:
    answer = answered(
        server,
        b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /v1/server HTTP/1.1\r\nHost: localhost\r\n\r\n" % path,
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"400"]


def test_pipelined_requests_are_answered_in_order(server: HttpServer) -> None:
    request = b"GET /v1/%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    answer = answered(
        server,
        request % (b"server", b"")
        + request % (b"nothing", b"")
        + request % (b"store", b"Connection: close\r\n"),
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404", b"200"]


def half_closed(server: HttpServer, request: bytes) -> bytes:
    """Send a request, and then no more; return what is answered."""
    with server.connect() as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return answer


def test_a_client_that_sends_nothing_more_gets_its_answer(server: HttpServer) -> None:
    request = b"GET /v1/%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = half_closed(server, request % b"server" + request % b"nothing")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404"]
    body = b"POST /v1/functions/half/jobs HTTP/1.1\r\nHost: localhost\r\n"
    answer = half_closed(server, body + b"Content-Length: 4\r\n\r\nwork")
    assert answer.startswith(b"HTTP/1.1 202 ")
    # The body never comes.
    assert half_closed(server, body + b"Content-Length: 5\r\n\r\nwork") == b""


def test_nobody_works_for_long_for_a_client_that_may_have_left(
    server: HttpServer,
) -> None:
    began = time.monotonic()
    wait = b"POST /v1/functions/nobody/jobs?wait=60 HTTP/1.1\r\nHost: localhost\r\n"
    assert half_closed(server, wait + b"Content-Length: 0\r\n\r\n") == b""
    assert 8 < time.monotonic() - began < 20
    assert server.get("/v1/jobs?function=nobody").json["items"] == []


def test_the_host_may_come_before_the_path(server: HttpServer) -> None:
    request = b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
    for target, host, status in (
        (b"http://localhost/v1/server", b"other", b"200"),
        (b"http://127.0.0.1:1/v1/jobs?limit=5", b"other", b"200"),
        (b"http://other/v1/server", b"localhost", b"403"),
        (b"http://localhost/v1", b"other", b"404"),
    ):
        answer = answered(server, request % (target, host))
        assert answer.startswith(b"HTTP/1.1 " + status), (target, answer)


def test_every_answer_is_kept_from_caches_and_frames(server: HttpServer) -> None:
    for path in ("/v1/jobs", "/v1/nothing", "/openapi.json"):
        headers = server.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_a_client_that_goes_amid_its_body_leaves_nothing(server: HttpServer) -> None:
    for _ in range(50):
        with server.connect() as client:
            client.sendall(
                b"POST /v1/functions/torn/jobs HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 1000000\r\n\r\n" + bytes(500_000)
            )
    wait_until(lambda: len(server.get("/v1/connections").json["items"]) == 1)
    assert server.get("/v1/jobs?function=torn").json["items"] == []
    log = server.jobs.log.read_text()
    assert "Traceback" not in log


def test_a_client_that_reads_nothing_is_not_produced_for() -> None:
    """A list of 100 MB for a client that sleeps takes no memory of the server."""
    with running_http() as server:
        many = b"".join(
            b"create function %d-%s\n" % (n, b"x" * 400) for n in range(9000)
        )
        with server.jobs.connect() as hand:
            hand.sendall(many)
            hand.settimeout(20)
            got = 0
            while got < 4 * 9000:
                got += len(hand.recv(65536))
        with ExitStack() as clients:
            figures = ProcessFigures(server.jobs)
            before = figures.memory()
            for _ in range(30):
                client = clients.enter_context(server.connect())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.sendall(b"GET /v1/functions HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert server.get("/v1/server").status == 200
            assert figures.memory() - before < 60_000_000
