"""Requests and answers of gearmand's HTTP protocol, without a socket."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode
from geartrain.protocol.web import WebJob

TAIL = b"Content-Length: 0\r\nServer: Gearman/9\r\n\r\n"
PRIORITIES = {
    b"": "SUBMIT_JOB",
    b"X-Gearman-Priority: high\r\n": "SUBMIT_JOB_HIGH",
    b"X-Gearman-Priority: LOW\r\n": "SUBMIT_JOB_LOW",
    b"X-Gearman-Priority: urgent\r\n": "SUBMIT_JOB",
}


def asked(*pieces: bytes) -> tuple[WebJob, bytes]:
    """Return what a request makes, and the packets that it sends."""
    job = WebJob(b"9", False)
    return job, b"".join(b"".join(job.receive(piece)) for piece in pieces)


def packet(name: str, payload: bytes) -> bytes:
    """Return a packet of a client."""
    size = len(payload).to_bytes(4, "big")
    return b"\0REQ" + PacketType[name].to_bytes(4, "big") + size + payload


def answer(job: WebJob, *packets: tuple[str, bytes]) -> bytes:
    """Return the answer to what a job server sends."""
    sent = [encode(PacketType[name], payload) for name, payload in packets]
    return job.answer(b"".join(sent))


def test_a_body_is_the_workload() -> None:
    request = b"POST /rev HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"
    job, sent = asked(request)
    assert sent == packet("SUBMIT_JOB", b"rev\0-\0hello")
    assert answer(job, ("JOB_CREATED", b"H:1")) == b""
    assert answer(job, ("WORK_COMPLETE", b"H:1\0olleh")) == (
        b"HTTP/1.0 200 OK\r\nX-Gearman-Job-Handle: H:1\r\n"
        b"X-Gearman-Command: WORK_COMPLETE\r\nContent-Length: 5\r\n"
        b"Server: Gearman/9\r\n\r\nolleh"
    )
    assert job.is_over


def test_a_request_may_come_byte_by_byte_and_without_returns() -> None:
    request = b"PUT //rev HTTP/1.1\nContent-Length: 2\nX-Gearman-Unique: u\n\nab"
    job, sent = asked(*[request[at : at + 1] for at in range(len(request))])
    assert sent == packet("SUBMIT_JOB", b"rev\0u\0ab")
    assert job.is_read()


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_what_has_no_body_has_no_workload(method: bytes) -> None:
    _, sent = asked(method + b" /f?a=%20b HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")
    assert sent == packet("SUBMIT_JOB", b"f?a=%20b\0-\0")


@pytest.mark.parametrize(("header", "name"), PRIORITIES.items())
@pytest.mark.parametrize("background", [b"", b"X-Gearman-Background: TRUE\r\n"])
def test_headers_choose_the_packet(header: bytes, name: str, background: bytes) -> None:
    _, sent = asked(b"GET /f HTTP/1.0\r\n" + header + background + b"\r\n")
    assert sent == packet(name + ("_BG" if background else ""), b"f\0-\0")


def test_a_job_in_the_background_is_answered_by_its_handle() -> None:
    job, _ = asked(b"GET /f HTTP/1.0\r\nX-Gearman-Background: true\r\n\r\n")
    assert answer(job, ("JOB_CREATED", b"H:2")) == (
        b"HTTP/1.0 200 OK\r\nX-Gearman-Job-Handle: H:2\r\n"
        b"X-Gearman-Command: JOB_CREATED\r\n" + TAIL
    )


def test_pieces_of_a_result_are_joined_and_progress_is_passed_over() -> None:
    job, _ = asked(b"GET /f HTTP/1.0\r\n\r\n")
    packets = (
        ("JOB_CREATED", b"H:3"),
        ("WORK_STATUS", b"H:3\x001\x002"),
        ("WORK_DATA", b"H:3\0one "),
        ("WORK_WARNING", b"H:3\0careful"),
    )
    assert answer(job, *packets) == b""
    assert answer(job, ("WORK_COMPLETE", b"H:3\0two")).endswith(b"\r\n\r\none two")


@pytest.mark.parametrize(
    ("name", "payload"), [("WORK_FAIL", b"H:3"), ("WORK_EXCEPTION", b"H:3\0why")]
)
def test_a_job_that_failed(name: str, payload: bytes) -> None:
    job, _ = asked(b"GET /f HTTP/1.0\r\n\r\n")
    started = (("JOB_CREATED", b"H:3"), ("WORK_DATA", b"H:3\0half"))
    assert answer(job, *started, (name, payload)) == (
        b"HTTP/1.0 200 OK\r\nX-Gearman-Job-Handle: H:3\r\n"
        b"X-Gearman-Command: WORK_FAIL\r\n" + TAIL
    )


def test_a_head_is_told_no_result() -> None:
    job, _ = asked(b"HEAD /f HTTP/1.0\r\n\r\n")
    packets = (("JOB_CREATED", b"H:4"), ("WORK_COMPLETE", b"H:4\0result"))
    line = b"HTTP/1.0 200 OK\r\nX-Gearman-Job-Handle: H:4\r\n"
    assert answer(job, *packets) == line + TAIL


def test_the_newer_version_answers_in_the_requests() -> None:
    job = WebJob(b"9", True)
    job.receive(b"GET /f HTTP/1.1\r\n\r\n")
    packets = (("JOB_CREATED", b"H:4"), ("WORK_COMPLETE", b"H:4\0"))
    told = answer(job, *packets)
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert told.endswith(b"\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.0\r\n", b"404 NOT_FOUND"),
        (b"TRACE /f HTTP/1.0\r\n", b"405 METHOD_NOT_ALLOWED"),
        (b"POST /f HTTP/1.0\r\nContent-Length: -1\r\n", b"400 BAD_REQUEST"),
        (b"POST /f HTTP/1.0\r\nContent-Length: 4294967296\r\n", b"413 TOO_LARGE"),
        (b"POST /f HTTP/1.0\r\nContent-Length: %s\r\n" % (b"9" * 99), b"400 BAD"),
        (b"POST /f HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", b"411 LENGTH_REQ"),
        (b"GET /f HTTP/1.0\r\nSec-Fetch-Site: cross-site\r\n", b"403 FORBIDDEN"),
        (b"GET /f HTTP/1.0\r\nHost: a:8\r\nOrigin: http://b:8\r\n", b"403 FORBID"),
        (b"GET /f HTTP/1.0\r\nOrigin: null\r\n", b"403 FORBIDDEN"),
        (b"GET /f HTTP/1.0\r\nHost: b\r\nOrigin: http://b\r\n", b"403 FORBID"),
        (b"GET /f HTTP/1.0\r\nHost: b\r\nUser-Agent: Mozilla/5.0\r\n", b"403 F"),
        (b"GET http://b/f HTTP/1.0\r\nHost: localhost\r\nReferer: x\r\n", b"403 F"),
        (b"GET http://localhost HTTP/1.0\r\n", b"404 NOT_FOUND"),
    ],
)
def test_refusals(request_: bytes, status: bytes) -> None:
    job, sent = asked(request_ + b"\r\n")
    assert sent == b""
    assert job.reply.startswith(b"HTTP/1.0 " + status)
    assert job.is_over


@pytest.mark.parametrize(
    "header",
    [
        b"Sec-Fetch-Site: none",
        b"Origin: http://localhost:8\r\nHost: localhost:8",
        b"Host: a:8",
    ],
)
def test_pages_of_the_same_place_may_submit(header: bytes) -> None:
    assert asked(b"GET /f HTTP/1.0\r\n" + header + b"\r\n\r\n")[1]


@pytest.mark.parametrize(
    "target", [b"http://jobs.lan:8080/rev", b"HTTPS://jobs.lan//rev", b"http:///rev"]
)
def test_the_host_may_come_before_the_path(target: bytes) -> None:
    _, sent = asked(b"GET " + target + b" HTTP/1.1\r\nHost: other\r\n\r\n")
    assert sent == packet("SUBMIT_JOB", b"rev\0-\0")


@pytest.mark.parametrize(
    "request_",
    [
        b"status\r\n\r\n",
        b"BREW /pot HTTP/1.0\r\n\r\n",
        b"GET /f HTTP/2.0\r\n\r\n",
        b"GET /f\r\n\r\n",
        b"GET /f\0g HTTP/1.0\r\n\r\n",
        b"GET /f HTTP/1.0\r\nX-Gearman-Unique: a\0b\r\n\r\n",
        b"GET /f HTTP/1.0\r\nX: " + b"x" * 40_000,
        b"GET /f HTTP/1.0\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_is_closed_without_a_word(request_: bytes) -> None:
    job, sent = asked(request_)
    assert (sent, job.reply, job.is_over) == (b"", b"", True)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (b"QUEUE_ERROR", b"503 SERVICE_UNAVAILABLE"),
        (b"DATA_TOO_LARGE", b"413 TOO_LARGE"),
        (b"ARGUMENT_TOO_LARGE", b"400 BAD_REQUEST"),
    ],
)
def test_a_submission_that_is_not_taken(code: bytes, status: bytes) -> None:
    job, _ = asked(b"GET /f HTTP/1.0\r\n\r\n")
    told = answer(job, ("ERROR", code + b"\0why"))
    assert told.startswith(b"HTTP/1.0 " + status)
    assert told.endswith(b"\r\n\r\n" + code + b": why\n")


def test_nothing_that_follows_a_request_is_passed_on() -> None:
    job, sent = asked(b"POST /f HTTP/1.0\r\nContent-Length: 1\r\n\r\nabc\0REQ", b"more")
    assert sent == packet("SUBMIT_JOB", b"f\0-\0a")
    assert job.is_read()
