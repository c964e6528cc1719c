"""Who may ask: no page of another site, and nobody without the token where one is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.http_client import HttpServer, running_http

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n")
    with running_http("--http-token-file", str(file)) as server:
        yield server


def post(server: HttpServer, **headers: str) -> int:
    """Submit a job with some headers; return the status."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask("POST", "/v1/functions/f/jobs", b"x", told).status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"sec_fetch_site": "same-origin"}, 202),
        ({"sec_fetch_site": "none"}, 202),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "http://localhost:80", "host": "localhost:80"}, 202),
        ({"origin": "http://localhost:81", "host": "localhost:80"}, 403),
        ({"origin": "http://localhost", "host": "localhost:80"}, 202),
        ({"origin": "http://localhost", "host": "localhost:4731"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://[", "host": "localhost"}, 403),
        # The newer header is the better witness.
        ({"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1"}, 403),
    ],
)
def test_pages_of_other_sites_change_nothing(
    server: HttpServer, headers: dict[str, str], status: int
) -> None:
    assert post(server, **headers) == status


def test_a_refused_page_is_told_so(server: HttpServer) -> None:
    reply = server.ask(
        "DELETE", "/v1/jobs/H:x:1", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert reply.kind == "cross-site"


def test_no_other_site_may_read_anything(server: HttpServer) -> None:
    reply = server.get("/v1/jobs", Origin="http://evil.example")
    assert not any(name.startswith("access-control") for name in reply.headers)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("localhost:4731", True),
        ("LOCALHOST", True),
        ("jobs.localhost", True),
        ("127.0.0.1:4731", True),
        ("[::1]:4731", True),
        ("192.0.2.7", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("evil.example:4731", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("evil.example/127.0.0.1", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_a_name_that_was_led_here_by_a_trick_is_refused(
    server: HttpServer, host: str, is_ours: bool
) -> None:
    reply = server.get("/v1/jobs", Host=host)
    assert reply.status == (200 if is_ours else 403)
    assert is_ours or reply.kind == "wrong-host"


@pytest.mark.parametrize(
    "given",
    ["", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer", f"Bearer x{TOKEN}"],
)
def test_without_the_token_nothing_is_told(guarded: HttpServer, given: str) -> None:
    headers = {"Authorization": given} if given else {}
    for method, path in [
        ("GET", "/v1/jobs"),
        ("POST", "/v1/functions/f/jobs"),
        ("GET", "/no/such/path"),
    ]:
        reply = guarded.ask(method, path, headers=headers)
        assert (reply.status, reply.kind) == (401, "unauthorized")
        assert reply.headers["www-authenticate"].startswith("Bearer")


def test_with_the_token_all_is_as_without(guarded: HttpServer) -> None:
    for scheme in ("Bearer", "bearer"):
        told = {"Authorization": f"{scheme} {TOKEN}", "Host": "jobs.example"}
        assert guarded.get("/v1/jobs", **told).status == 200
    # A page of another site cannot have it, and is refused all the same.
    assert post(guarded, **told, Origin="http://evil.example") == 403


def test_the_documents_need_no_token(guarded: HttpServer) -> None:
    for path in ("/docs", "/docs.js", "/docs.css", "/openapi.json"):
        assert guarded.get(path).status == 200
    assert guarded.get("/openapi.json").json["security"] == [{"token": []}]


def test_a_program_that_names_no_host_is_served(server: HttpServer) -> None:
    """Load balancers ask so; browsers always name one."""
    with server.connect() as client:
        client.sendall(b"GET /v1/server HTTP/1.0\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
