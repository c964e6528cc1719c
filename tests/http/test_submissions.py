"""Jobs submitted by HTTP, in the background and in the foreground."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType as P
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import run_next, submit
from tests.support.raw_workers import complain, count, fail, reverse, worker
from tests.support.waiting import wait_until
from tests.support.wire import MIB, Wire

COVERS = ("http/bridge", "http/links", "http/api/submit")


def states(server: HttpServer, function: str) -> list[str]:
    """Return the states of a function's jobs."""
    listed = server.get(f"/v1/jobs?function={function}").json["items"]
    return [job["state"] for job in listed]


def test_a_background_job_is_acknowledged_with_its_handle(server: HttpServer) -> None:
    reply = server.submit("later", b"work", "?unique=u1&priority=high")
    assert reply.status == 202
    handle = reply.json["handle"]
    assert reply.json == {"handle": handle, "function": "later", "unique": "u1"}
    job = server.get(reply.headers["location"]).json
    assert (job["handle"], job["priority"], job["background"]) == (handle, "high", True)
    assert next_job(server, b"later") == (handle, b"work")


def test_a_job_is_durable_when_it_is_acknowledged(tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "jobs.db"))
    with running_http(*store) as server:
        handle = server.submit("keep", b"work").json["handle"]
        server.jobs.process.kill()
        server.jobs.process.wait()
    with running_http(*store) as server:
        assert server.get(f"/v1/jobs/{handle}").json["function"] == "keep"


def test_a_unique_makes_one_job_of_two_submissions(server: HttpServer) -> None:
    path = "/v1/functions/once/jobs"
    key = {"Idempotency-Key": "order-17"}
    first = server.ask("POST", path, b"1", key).json["handle"]
    second = server.ask("POST", path, b"2", key).json["handle"]
    third = server.submit("once", b"3", "?unique=order-17").json["handle"]
    assert first == second == third


def test_a_job_may_be_delayed(server: HttpServer) -> None:
    for query in ("?delay=900", f"?at={time.time() + 900}"):
        handle = server.submit("delayed", b"", query).json["handle"]
        job = server.get(f"/v1/jobs/{handle}").json
        assert job["state"] == "scheduled"
        assert job["due"] == pytest.approx(time.time() + 900, abs=30)


def test_a_job_may_have_options(server: HttpServer) -> None:
    query = "?delay=20m&key=shop+7&ttl=1h&max_attempts=3&result_ttl=60"
    headers = {"Gearman-Header-Tenant": "acme"}
    reply = server.ask("POST", f"/v1/functions/optional/jobs{query}", b"w", headers)
    job = server.get(f"/v1/jobs/{reply.json['handle']}").json
    assert job["due"] == pytest.approx(time.time() + 1200, abs=30)
    assert job["options"] == {
        "key": "shop 7",
        "ttl": "3600",
        "result_ttl": "60",
        "max_attempts": "3",
    }
    assert (job["headers"], job["size"]) == ({"tenant": "acme"}, 1)


def test_headers_travel_with_the_job(server: HttpServer) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {
        "Gearman-Header-Tenant": "Zo\u00eb & S\u00f6hne".encode(),
        "traceparent": trace,
        "X-Other": "no",
    }
    expected = {"tenant": "Zo\u00eb & S\u00f6hne", "traceparent": trace}
    path = "/v1/functions/headed/jobs"
    for query, body in (("", b"work"), ("?delay=60", b""), ("", b"x" * 3_000_000)):
        reply = server.ask("POST", f"{path}{query}", body, headers)  # type: ignore[arg-type]
        assert reply.status == 202
        job = server.get(f"/v1/jobs/{reply.json['handle']}").json
        assert job["headers"] == expected
        assert job["size"] == len(body)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Gearman-Header-": "x"}, "name of a header"),
        ({"Gearman-Header-Long": "x" * 5000}, "at most 4096 bytes"),
        ({f"Gearman-Header-{n}": "x" for n in range(40)}, "at most 32 headers"),
    ],
)
def test_wrong_headers_are_named(
    headers: dict[str, str], words: str, server: HttpServer
) -> None:
    reply = server.ask("POST", "/v1/functions/headed/jobs", b"", headers)
    assert (reply.status, reply.kind) == (422, "invalid")
    assert words in reply.json["detail"]


def test_the_result_of_an_awaited_job_is_the_answer(server: HttpServer) -> None:
    with worker(server.jobs.connect, "reverse", reverse):
        reply = server.submit("reverse", b"\0\xffabc", "?wait=10")
    assert (reply.status, reply.body) == (200, b"cba\xff\0")
    assert reply.headers["gearman-handle"].startswith("H:")
    assert reply.headers["content-type"] == "application/octet-stream"


def test_data_before_the_result_is_in_front_of_it(server: HttpServer) -> None:
    with worker(server.jobs.connect, "count", count):
        assert server.submit("count", b"abc", "?wait=10").body == b"abc3"


def test_a_job_that_fails_is_a_problem_that_says_why(server: HttpServer) -> None:
    with worker(server.jobs.connect, "fail", fail):
        reply = server.submit("fail", b"x", "?wait=10")
    assert (reply.status, reply.kind) == (502, "job-failed")
    with worker(server.jobs.connect, "complain", complain):
        reply = server.submit("complain", b"picture", "?wait=10")
    assert reply.kind == "job-failed"
    assert reply.json["error"] == "no such picture"


def test_a_job_without_a_worker_fails_at_once_if_that_is_wanted(
    server: HttpServer,
) -> None:
    reply = server.submit("nobody", b"x", "?wait=10&fail_without_worker=true")
    assert (reply.status, reply.kind) == (503, "no-worker")
    assert "no worker has the function 'nobody'" in reply.json["detail"]
    with worker(server.jobs.connect, "reverse", reverse):
        reply = server.submit("reverse", b"abc", "?wait=10&fail_without_worker=true")
        assert reply.body == b"cba"
    reply = server.submit("nobody", b"x", "?fail_without_worker=true")
    assert (reply.status, reply.kind) == (422, "invalid")
    assert states(server, "nobody") == []


def test_a_job_that_takes_too_long_is_given_up(server: HttpServer) -> None:
    reply = server.submit("nobody", b"x", "?wait=0.1")
    assert (reply.status, reply.kind) == (504, "job-timeout")
    wait_until(lambda: states(server, "nobody") == [])


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        (
            "application/x-ndjson",
            lambda name, values: json.dumps({"event": name, **values}) + "\n",
        ),
        (
            "text/event-stream",
            lambda name, values: f"event: {name}\ndata: {json.dumps(values)}\n\n",
        ),
    ],
)
def test_the_story_of_a_job_is_streamed(server, accept, told) -> None:  # type: ignore[no-untyped-def]
    path = "/v1/functions/tell/jobs?wait=10"
    with worker(server.jobs.connect, "tell", count):
        reply = server.ask("POST", path, b"a\xff", {"Accept": accept})
    assert reply.headers["content-type"].startswith(accept)
    handle = reply.headers["gearman-handle"]
    assert reply.body.decode() == "".join(
        [
            told("created", {"handle": handle}),
            told("data", {"data": "a", "encoding": "utf-8"}),
            told("status", {"numerator": 1, "denominator": 2}),
            told("data", {"data": "/w==", "encoding": "base64"}),
            told("status", {"numerator": 2, "denominator": 2}),
            told("warning", {"data": "the end", "encoding": "utf-8"}),
            told("complete", {"data": "2", "encoding": "utf-8"}),
        ]
    )


def test_a_stream_comes_as_it_happens(server: HttpServer) -> None:
    with server.connect() as client, Wire(server.jobs.connect()) as hand:
        hand.register(b"step")
        client.sendall(
            b"POST /v1/functions/step/jobs?wait=30 HTTP/1.1\r\nHost: localhost\r\n"
            b"Accept: application/x-ndjson\r\nContent-Length: 0\r\n\r\n"
        )
        read_until(client, b'"created"')
        handle = hand.grab()[0]
        hand.send(P.WORK_DATA, handle, b"half")
        read_until(client, b'"half"')
        hand.send(P.WORK_COMPLETE, handle, b"whole")
        read_until(client, b'"whole"')


def next_job(server: HttpServer, function: bytes) -> tuple[str, bytes]:
    """Return the handle and workload of the next job."""
    with Wire(server.jobs.connect()) as hand:
        return run_next(hand, function)


def read_until(client: socket.socket, wanted: bytes) -> bytes:
    data = b""
    while wanted not in data:
        piece = client.recv(65536)
        assert piece, data
        data += piece
    return data


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
def test_a_client_that_leaves_takes_its_job_along(
    server: HttpServer, accept: str
) -> None:
    with server.connect() as client:
        client.sendall(
            b"POST /v1/functions/left/jobs?wait=60 HTTP/1.1\r\nHost: localhost\r\n"
            b"Accept: %s\r\nContent-Length: 4\r\n\r\nwork" % accept.encode()
        )
        wait_until(lambda: states(server, "left") == ["ready"])
    wait_until(lambda: states(server, "left") == [])


def test_a_large_body_arrives_whole(server: HttpServer) -> None:
    body = bytes(range(256)) * 4096 * 64
    digest = hashlib.sha256(body).digest()

    def hashed(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        wire.send(P.WORK_COMPLETE, handle, hashlib.sha256(workload).digest())

    with worker(server.jobs.connect, "hash", hashed):
        assert server.submit("hash", body, "?wait=30").body == digest


def test_a_large_result_arrives_whole(server: HttpServer) -> None:
    body = bytes(range(256)) * 4096 * 32
    with worker(server.jobs.connect, "mirror", reverse):
        assert server.submit("mirror", body, "?wait=30").body == body[::-1]


def pieces(count: int, size: int) -> Iterator[bytes]:
    for _ in range(count):
        yield bytes(size)


def test_a_body_without_a_size_is_gathered(server: HttpServer) -> None:
    with worker(server.jobs.connect, "gathered", reverse):
        reply = server.submit("gathered", pieces(3, MIB), "?wait=30")
    assert reply.body == bytes(3 * MIB)


def test_a_large_body_without_a_size_is_refused(server: HttpServer) -> None:
    reply = server.submit("gathered", pieces(18, MIB))
    assert (reply.status, reply.kind) == (411, "length-required")


def test_a_body_beyond_max_packet_is_refused_before_it_is_read() -> None:
    with running_http("--max-packet", "1M") as server:
        with server.connect() as client:
            client.sendall(
                b"POST /v1/functions/f/jobs HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n"
            )
            assert b" 413 " in read_until(client, b"too-large")
        assert server.submit("f", pieces(5, MIB)).kind == "too-large"
        assert server.submit("f", bytes(MIB - 100)).status == 202


def test_an_encoded_body_is_refused(server: HttpServer) -> None:
    path = "/v1/functions/f/jobs"
    reply = server.ask("POST", path, b"x", {"Content-Encoding": "gzip"})
    assert (reply.status, reply.kind) == (415, "unsupported-type")


def test_a_full_queue_is_told_from_a_job_server_without_room(
    server: HttpServer,
) -> None:
    with Wire(server.jobs.connect()) as operator:
        operator.send_bytes(b"maxqueue short 1\n")
        operator.read_line()
    assert server.submit("short").status == 202
    reply = server.submit("short")
    assert (reply.status, reply.kind) == (429, "queue-full")
    assert reply.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("?wait=x", "wait"),
        ("?wait=-1", "wait"),
        ("?wait=nan", "wait"),
        ("?ttl=soon", "ttl"),
        ("?max_attempts=0", "max_attempts"),
        ("?dedupe=yes", "dedupe"),
        ("?at=2030-01-31T08:00:00", "at"),
        ("?wait=1e9", "wait"),
        ("?wait=1&delay=5", "delay"),
        ("?wait=1&at=5", "at"),
        ("?priority=urgent", "priority"),
        ("?unique=", "unique"),
        ("?priority=low&priority=high", "priority"),
        ("?color=red", "color"),
    ],
)
def test_a_wrong_value_is_named(server: HttpServer, query: str, name: str) -> None:
    reply = server.submit("f", b"", query)
    assert (reply.status, reply.kind) == (422, "invalid")
    assert reply.json["parameter"] == name


@pytest.mark.parametrize(
    "query",
    ["?delay=5&at=5", f"?unique={'u' * 65}", "?delay=5&priority=high", "?unique=a%00b"],
)
def test_what_a_client_would_refuse_is_refused(server: HttpServer, query: str) -> None:
    assert server.submit("f", b"", query).kind == "invalid"


def test_two_keys_that_differ_are_refused(server: HttpServer) -> None:
    path = "/v1/functions/f/jobs?unique=a"
    reply = server.ask("POST", path, b"", {"Idempotency-Key": "b"})
    assert reply.kind == "invalid"


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        ("a%2Fb", b"a/b"),
        ("a%20b%0A%22", b'a b\n"'),
        ("caf%C3%A9", "café".encode()),
        ("caf%E9", b"caf\xe9"),
        ("%3Cscript%3E", b"<script>"),
        ("a+b", b"a+b"),
        ("..%2F..", b"../.."),
    ],
)
def test_any_name_can_be_a_function(
    server: HttpServer, encoded: str, name: bytes
) -> None:
    handle = server.submit(encoded, b"work").json["handle"]
    assert next_job(server, name) == (handle, b"work")


def test_a_job_of_another_client_is_coalesced_with(server: HttpServer) -> None:
    handle = submit(server.jobs, b"joined", unique=b"u")
    assert server.submit("joined", b"", "?unique=u").json["handle"] == handle


def test_a_thousand_may_wait_at_once(server: HttpServer) -> None:
    request = (
        b"POST /v1/functions/many/jobs?wait=60 HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 3\r\nConnection: close\r\n\r\nabc"
    )
    clients = [server.connect() for _ in range(1000)]
    for client in clients:
        client.sendall(request)
    wait_until(lambda: waiting(server, "many") == 1000)
    with worker(server.jobs.connect, "many", reverse):
        for client in clients:
            assert read_until(client, b"cba").startswith(b"HTTP/1.1 200")
            client.close()


def waiting(server: HttpServer, function: str) -> int:
    found: int = server.get(f"/v1/functions/{function}").json["normal"]
    return found


def test_those_who_wait_are_told_when_the_server_stops() -> None:
    with running_http() as server:
        replies = []

        def ask() -> None:
            replies.append(server.submit("f", b"x", "?wait=60"))

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        wait_until(lambda: states(server, "f") == ["ready"] * 5)
        server.jobs.process.terminate()
        for thread in threads:
            thread.join(10)
        assert [reply.kind for reply in replies] == ["unavailable"] * 5
        assert server.jobs.process.wait(10) == 0


def test_a_graceful_stop_waits_for_those_who_wait() -> None:
    with running_http() as server, Wire(server.jobs.connect()) as hand:
        hand.register(b"f")
        with server.connect() as client:
            client.sendall(
                b"POST /v1/functions/f/jobs?wait=60 HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 0\r\n\r\n"
            )
            wait_until(lambda: states(server, "f") == ["ready"])
            handle = hand.grab()[0]
            server.jobs.process.send_signal(signal.SIGUSR1)
            hand.send(P.WORK_COMPLETE, handle, b"done")
            hand.close()
            assert b"done" in read_until(client, b"done")
        assert server.jobs.process.wait(10) == 0


@pytest.mark.parametrize("told", [3, 5, 100])
def test_a_body_of_two_sizes_is_refused(server: HttpServer, told: int) -> None:
    """What is beyond the smaller one would be packets to the job server."""
    with server.connect() as client:
        client.sendall(
            b"POST /v1/functions/two/jobs HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n"
            b"5\r\nhello\r\n0\r\n\r\n" % told
        )
        client.settimeout(20)
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert states(server, "two") == []
