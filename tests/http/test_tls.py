"""HTTPS: the certificate, who is let in, renewal, and what stays plain."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Authority, Issued
from tests.support.http_client import HttpServer, running_http
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shown(authority: Authority) -> Issued:
    return authority.issue("server")


def flags(shown: Issued) -> list[str]:
    return ["--http-tls-cert", str(shown.cert), "--http-tls-key", str(shown.key)]


@pytest.fixture(scope="module")
def secure(shown: Issued) -> Iterator[HttpServer]:
    with running_http(*flags(shown)) as server:
        yield server


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.ca))


def ask(
    server: HttpServer,
    context: ssl.SSLContext,
    method: str = "GET",
    path: str = "/livez",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes, bytes]:
    """Send a request; return the status, the body and the server's certificate."""
    client = http.client.HTTPSConnection(
        "127.0.0.1", server.port, timeout=30, context=context
    )
    try:
        client.request(method, path, body, headers or {})
        certificate = client.sock.getpeercert(binary_form=True) or b""
        answer = client.getresponse()
        return answer.status, answer.read(), certificate
    finally:
        client.close()


def test_everything_is_served_over_tls(
    secure: HttpServer, authority: Authority
) -> None:
    context = trusting(authority)
    status, body, _ = ask(
        secure, context, "POST", "/v1/functions/f/jobs", b"w" * 3_000_000
    )
    assert status == 202
    path = f"/v1/jobs/{json.loads(body)['handle']}"
    assert ask(secure, context, path=path)[0] == 200


def test_the_ready_line_says_so(secure: HttpServer) -> None:
    assert f"https://127.0.0.1:{secure.port}" in secure.jobs.log.read_text()


def test_a_page_of_this_server_may_change_something(
    secure: HttpServer, authority: Authority
) -> None:
    context, path = trusting(authority), "/v1/functions/f/jobs"
    host = f"localhost:{secure.port}"
    for origin, status in ((f"https://{host}", 202), ("https://evil.example", 403)):
        headers = {"Origin": origin, "Host": host}
        assert ask(secure, context, "POST", path, b"w", headers)[0] == status


def test_plain_requests_are_not_answered(secure: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), 10) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/" not in client.recv(4096)


def test_a_strangers_certificate_is_refused(
    shown: Issued, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).issue("stranger")
    known = authority.issue("known")
    with running_http(*flags(shown), "--http-tls-ca", str(authority.ca)) as server:
        for each, is_let_in in ((known, True), (stranger, False), (None, False)):
            context = trusting(authority)
            if each is not None:
                context.load_cert_chain(each.cert, each.key)
            if is_let_in:
                assert ask(server, context)[0] == 200
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    ask(server, context)


def test_an_old_version_is_refused_where_that_is_asked_for(
    shown: Issued, authority: Authority
) -> None:
    old = trusting(authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with running_http(*flags(shown), "--tls-minimum", "1.3") as server:
        with pytest.raises(ssl.SSLError):
            ask(server, old)
        assert ask(server, trusting(authority))[0] == 200


def test_a_renewed_certificate_is_shown_after_sighup(
    authority: Authority, tmp_path: Path
) -> None:
    own = Issued(tmp_path / "cert.pem", tmp_path / "key.pem")
    _copy(authority.issue("first"), own)
    context = trusting(authority)
    with running_http(*flags(own)) as server:
        first = ask(server, context)[2]
        _copy(authority.issue("second"), own)
        server.jobs.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "files were read again" in server.jobs.log.read_text())
        assert ask(server, context)[2] != first
        own.cert.write_text("nothing")
        server.jobs.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "files are as they were" in server.jobs.log.read_text())
        assert ask(server, context)[0] == 200


def _copy(issued: Issued, to: Issued) -> None:
    to.cert.write_bytes(issued.cert.read_bytes())
    to.key.write_bytes(issued.key.read_bytes())


def test_unix_sockets_stay_plain(shown: Issued, tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    unix = socket.socket(socket.AF_UNIX)
    with running_http(*flags(shown), "--http", f"unix:{path}"), unix as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
