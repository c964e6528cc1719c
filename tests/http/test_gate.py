"""Logging in by HTTP: passwords, cookies, proxies, tokens, and their ends."""

from __future__ import annotations

import http.client
import http.cookies
import json
import signal
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.http_client import HttpServer, Reply, running_http
from tests.support.passwords import quick_hash
from tests.support.waiting import wait_until

COVERS = ("http/visitors", "http/bodies", "http/api/session")

PASSWORD = "sesame 123"
HASH = quick_hash(PASSWORD)
PEOPLE = "".join(
    f"{name}:{role}:{HASH}\n"
    for name, role in (("vera", "view"), ("oscar", "operate"), ("ada", "administer"))
)
RULES = """
[access.mailer]
operate = "mail.*"
[access.local]
address = "127.0.0.2"
see = "mail.*"
[access.named]
login = "anna"
operate = "mail.*"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate")
    (folder / "people").write_text(f"{PEOPLE}max:mailer:{HASH}\n")
    (folder / "token").write_text("the-token-of-all-of-http")
    (folder / "geartrain.toml").write_text(RULES)
    return folder


@pytest.fixture(scope="module")
def gated(folder: Path) -> Iterator[HttpServer]:
    with running_http(
        *("--config", str(folder / "geartrain.toml")),
        *("--http-password-file", str(folder / "people")),
        *("--http-token-file", str(folder / "token")),
        *("--http-trust-proxy", "127.0.0.0/8"),
    ) as server:
        yield server


def log_in(
    server: HttpServer, name: str, password: str = PASSWORD, address: str = ""
) -> Reply:
    """Log in, for all that the server knows from an address beyond its proxy."""
    headers = {"Content-Type": "application/json"}
    if address:
        headers["X-Forwarded-For"] = address
    body = json.dumps({"name": name, "password": password})
    return server.ask("POST", "/v1/session", body, headers)


def cookie_of(reply: Reply) -> dict[str, str]:
    """Return the header that shows the cookie which was set."""
    assert reply.status == 204, reply.body
    found = http.cookies.SimpleCookie(reply.headers["set-cookie"])
    return {"Cookie": "; ".join(f"{name}={each.value}" for name, each in found.items())}


def session(server: HttpServer, headers: Mapping[str, str]) -> Any:
    return server.ask("GET", "/v1/session", headers=headers).json


def status(
    server: HttpServer, method: str, path: str, headers: Mapping[str, str]
) -> int:
    return server.ask(method, path, headers=headers).status


@pytest.mark.parametrize(
    ("name", "principal", "statuses"),
    [
        ("vera", "view", (200, 403, 403)),
        ("oscar", "operate", (200, 204, 403)),
        ("ada", "administer", (200, 204, 204)),
    ],
)
def test_people_have_the_rights_of_their_roles(
    name: str, principal: str, statuses: tuple[int, ...], gated: HttpServer
) -> None:
    headers = cookie_of(log_in(gated, name, address="192.0.2.1"))
    found = session(gated, headers)
    assert (found["name"], found["principals"]) == (name, [principal])
    assert found["is_limited"] is True
    changed = gated.ask(
        "PATCH",
        "/v1/policies/pay.card",
        '{"ttl": 5}',
        {**headers, "Content-Type": "application/json"},
    )
    assert (
        status(gated, "GET", "/v1/functions", headers),
        status(gated, "POST", "/v1/functions/pay.card/pause", headers),
        changed.status,
    ) == statuses


def test_a_role_may_be_a_principal_of_the_rules(gated: HttpServer) -> None:
    headers = cookie_of(log_in(gated, "max", address="192.0.2.2"))
    assert session(gated, headers)["rights"]["operate"] == ["mail.*"]
    assert status(gated, "POST", "/v1/functions/mail.send/pause", headers) == 204
    refused = gated.ask("POST", "/v1/functions/pay.card/pause", headers=headers)
    assert refused.kind == "not-allowed"
    assert refused.json["detail"] == "max may not operate 'pay.card'"


def test_the_log_of_operators_says_who(gated: HttpServer) -> None:
    headers = cookie_of(log_in(gated, "oscar", address="192.0.2.3"))
    headers["X-Forwarded-For"] = "192.0.2.3"
    assert status(gated, "POST", "/v1/functions/mail.log/pause", headers) == 204
    row = gated.ask("GET", "/v1/actions?limit=1", headers=headers).json["items"][0]
    assert (row["principal"], row["address"]) == ("oscar", "192.0.2.3")


@pytest.mark.parametrize("path", ["/v1/functions", "/metrics", "/v1/jobs", "/v1/x"])
def test_nobody_else_is_told_anything(path: str, gated: HttpServer) -> None:
    reply = gated.get(path)
    assert (reply.status, reply.kind) == (401, "unauthorized")
    assert "log in" in reply.json["detail"]
    assert (
        status(gated, "GET", path, {"Cookie": f"geartrain-{gated.port}=guessed"}) == 401
    )
    wrong = gated.ask("GET", path, headers={"Authorization": "Bearer guessed"})
    assert (wrong.status, "unknown here" in wrong.json["detail"]) == (401, True)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/docs"])
def test_some_things_are_open_to_all(path: str, gated: HttpServer) -> None:
    assert gated.get(path).status == 200
    assert gated.get(path, Host="geartrain.example").status == 200


def test_whose_session_it_is_not_is_told_so(gated: HttpServer) -> None:
    found = session(gated, {})
    assert (found["name"], found["principals"]) == (None, [])
    assert not any(found["rights"].values())


def test_without_rules_who_has_not_logged_in_has_no_rights(tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.write_text(PEOPLE)
    with running_http("--http-password-file", str(people)) as server:
        told = session(server, {})
        assert told["is_limited"]
        assert not any(told["rights"].values())
        told = session(server, cookie_of(log_in(server, "vera")))
        assert told["rights"]["see"] == ["*"]


def test_the_token_of_all_of_http_may_all(gated: HttpServer) -> None:
    headers = {"Authorization": "Bearer the-token-of-all-of-http"}
    assert session(gated, headers)["is_limited"] is False
    assert status(gated, "GET", "/v1/functions", headers) == 200


def test_a_connection_forgets_who_asked_before(gated: HttpServer) -> None:
    with gated.connect() as client:
        for token, expected in ((b"the-token-of-all-of-http", b"200"), (b"", b"401")):
            shown = b"Authorization: Bearer %s\r\n" % token if token else b""
            client.sendall(
                b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % shown
            )
            answer = client.recv(65536)
            assert answer.startswith(b"HTTP/1.1 " + expected)
            while b"]" not in answer and b"}" not in answer:
                answer += client.recv(65536)
            client.settimeout(0.3)
            try:
                while client.recv(65536):
                    continue
            except TimeoutError:
                client.settimeout(30)


def test_the_cookie_is_for_this_site_and_not_for_scripts(gated: HttpServer) -> None:
    told = log_in(gated, "vera", address="192.0.2.4").headers["set-cookie"]
    assert "HttpOnly" in told
    assert "SameSite=strict" in told
    assert "Path=/" in told
    assert "Secure" not in told


def test_over_tls_the_cookie_is_bound_to_this_host(gated: HttpServer) -> None:
    reply = gated.ask(
        "POST",
        "/v1/session",
        json.dumps({"name": "vera", "password": PASSWORD}),
        {
            "Content-Type": "application/json",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "192.0.2.5",
        },
    )
    told = reply.headers["set-cookie"]
    assert told.startswith(f"__Host-geartrain-{gated.port}=")
    assert "Secure" in told
    headers = {**cookie_of(reply), "X-Forwarded-Proto": "https"}
    assert session(gated, headers)["name"] == "vera"
    # The plain cookie of the same name is another's.
    plain = {"Cookie": headers["Cookie"].removeprefix("__Host-")}
    assert session(gated, {**plain, "X-Forwarded-Proto": "https"})["name"] is None


def test_a_second_login_ends_the_first_of_the_same_browser(gated: HttpServer) -> None:
    first = cookie_of(log_in(gated, "vera", address="192.0.2.7"))
    body = json.dumps({"name": "vera", "password": PASSWORD})
    headers = {"Content-Type": "application/json", "X-Forwarded-For": "192.0.2.7"}
    second = cookie_of(gated.ask("POST", "/v1/session", body, {**headers, **first}))
    assert second != first
    assert session(gated, second)["name"] == "vera"
    assert session(gated, first)["name"] is None


def test_the_cookie_of_another_port_is_anothers(gated: HttpServer) -> None:
    headers = cookie_of(log_in(gated, "vera", address="192.0.2.8"))
    ours = f"geartrain-{gated.port}="
    assert headers["Cookie"].startswith(ours)
    theirs = headers["Cookie"].replace(ours, "geartrain-1=")
    assert session(gated, {"Cookie": theirs})["name"] is None
    both = f"geartrain-1=another; {headers['Cookie']}; geartrain-2=another"
    assert session(gated, {"Cookie": both})["name"] == "vera"


def test_below_each_path_of_a_proxy_the_cookie_is_anothers(gated: HttpServer) -> None:
    """Many proxies hide the port (nginx's ``$host``): the paths tell servers apart."""
    headers = {
        "Content-Type": "application/json",
        "X-Forwarded-For": "192.0.2.9",
        "X-Forwarded-Prefix": "/a",
        "Host": "localhost",
    }
    body = json.dumps({"name": "vera", "password": PASSWORD})
    cookie = cookie_of(gated.ask("POST", "/v1/session", body, headers))
    assert cookie["Cookie"].startswith("geartrain%2Fa=")
    assert session(gated, {**headers, **cookie})["name"] == "vera"
    other = {**headers, "X-Forwarded-Prefix": "/b"}
    assert session(gated, {**other, **cookie})["name"] is None


def test_to_log_out_ends_the_session(gated: HttpServer) -> None:
    headers = cookie_of(log_in(gated, "vera", address="192.0.2.6"))
    reply = gated.ask("DELETE", "/v1/session", headers=headers)
    assert reply.status == 204
    assert "Max-Age=0" in reply.headers["set-cookie"]
    assert status(gated, "GET", "/v1/functions", headers) == 401
    assert status(gated, "DELETE", "/v1/session", {}) == 204


def test_what_is_followed_ends_with_the_login(gated: HttpServer) -> None:
    headers = cookie_of(log_in(gated, "vera", address="192.0.2.7"))
    with gated.connect() as client:
        host = f"x:{gated.port}"
        lines = ["GET /v1/events HTTP/1.1", f"Host: {host}"]
        asked = "\r\n".join([*lines, f"Cookie: {headers['Cookie']}"])
        client.sendall(f"{asked}\r\n\r\n".encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        assert status(gated, "DELETE", "/v1/session", headers) == 204
        answer = b""
        while not answer.endswith(b"0\r\n\r\n"):
            answer += client.recv(65536)


@pytest.mark.parametrize(
    ("name", "password"), [("vera", "wrong"), ("nobody", PASSWORD), ("", "")]
)
def test_a_wrong_password_is_not_told_from_a_wrong_name(
    name: str, password: str, gated: HttpServer
) -> None:
    reply = log_in(gated, name, password, f"192.0.2.{20 + len(name)}")
    assert (reply.status, reply.kind) == (401, "unauthorized")
    assert reply.json["detail"] == "the name or the password is wrong"
    assert "set-cookie" not in reply.headers


def test_an_address_that_guesses_has_to_wait_and_others_need_not(
    gated: HttpServer,
) -> None:
    reply = log_in(gated, "vera", "wrong", "192.0.2.30")
    for _ in range(50):
        if reply.status != 401:
            break
        reply = log_in(gated, "vera", "wrong", "192.0.2.30")
    assert (reply.status, reply.kind) == (429, "too-many-logins")
    assert 1 <= int(reply.headers["retry-after"]) <= 10
    assert log_in(gated, "vera", PASSWORD, "192.0.2.31").status == 204


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("name=a", "application/x-www-form-urlencoded", "unsupported-type"),
        ("{", "application/json", "bad-request"),
        ("[]", "application/json", "invalid"),
        ('{"name": 1, "password": "x"}', "application/json", "invalid"),
        ('{"name": "vera"}', "application/json", "invalid"),
        ("x" * 70_000, "application/json", "too-large"),
    ],
)
def test_what_is_no_login_is_told_so(
    body: str, kind: str, expected: str, gated: HttpServer
) -> None:
    reply = gated.ask("POST", "/v1/session", body, {"Content-Type": kind})
    assert reply.kind == expected


def test_no_page_of_another_site_logs_anybody_in(gated: HttpServer) -> None:
    body = json.dumps({"name": "vera", "password": PASSWORD})
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}
    reply = gated.ask("POST", "/v1/session", body, headers)
    assert reply.kind == "cross-site"


def test_a_proxy_says_who_has_logged_in(gated: HttpServer) -> None:
    told = {"X-Forwarded-User": "zoe", "X-Forwarded-For": "192.0.2.40"}
    found = session(gated, told)
    assert (found["name"], found["principals"]) == ("zoe", ["view"])
    assert status(gated, "GET", "/v1/functions", told) == 200
    assert status(gated, "POST", "/v1/functions/f/pause", told) == 403


def test_rules_say_more_of_whom_they_name(gated: HttpServer) -> None:
    told = {"X-Forwarded-User": "anna", "X-Forwarded-For": "192.0.2.40"}
    assert session(gated, told)["principals"] == ["named"]
    assert status(gated, "POST", "/v1/functions/mail.x/pause", told) == 204


def test_a_proxy_does_not_lend_its_own_address(gated: HttpServer) -> None:
    assert session(gated, {})["principals"] == []
    assert session(gated, {"X-Forwarded-For": "127.0.0.2"})["principals"] == []


def test_other_names_of_this_host_are_for_who_shows_who_it_is(tmp_path: Path) -> None:
    """A page whose name was made to lead here has no cookie, and no token."""
    (tmp_path / "geartrain.toml").write_text(
        '[access.local]\naddress = "loopback"\nsee = "*"\n'
    )
    (tmp_path / "people").write_text(PEOPLE)
    with running_http(
        *("--config", str(tmp_path / "geartrain.toml")),
        *("--http-password-file", str(tmp_path / "people")),
    ) as server:
        assert server.get("/v1/functions").status == 200
        rebound = server.get("/v1/functions", Host="evil.example")
        assert rebound.kind == "wrong-host"
        host = f"geartrain.example:{server.port}"
        headers = {**cookie_of(log_in(server, "vera")), "Host": host}
        assert server.ask("GET", "/v1/functions", headers=headers).status == 200


def test_files_are_read_again_at_sighup(tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.write_text(PEOPLE)
    with running_http("--http-password-file", str(people)) as server:
        vera = cookie_of(log_in(server, "vera"))
        oscar = cookie_of(log_in(server, "oscar"))
        people.write_text("broken")
        server.jobs.process.send_signal(signal.SIGHUP)
        log = server.jobs.log
        wait_until(lambda: "who may use HTTP is as it was" in log.read_text())
        assert status(server, "GET", "/v1/functions", vera) == 200
        people.write_text(f"vera:view:{HASH}\nnew:administer:{HASH}\n")
        server.jobs.process.send_signal(signal.SIGHUP)
        wait_until(lambda: status(server, "GET", "/v1/functions", oscar) == 401)
        assert status(server, "GET", "/v1/functions", vera) == 200
        assert log_in(server, "new").status == 204
        assert log_in(server, "oscar").status == 401


def test_what_is_followed_ends_when_the_token_is_another(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("the-first-token-of-http")
    with (
        running_http("--http-token-file", str(token)) as server,
        server.connect() as client,
    ):
        bearer = "Authorization: Bearer the-first-token-of-http"
        asked = f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n\r\n"
        client.sendall(asked.encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        token.write_text("the-second-token-of-http")
        server.jobs.process.send_signal(signal.SIGHUP)
        answer = b""
        while not answer.endswith(b"0\r\n\r\n"):
            answer += client.recv(65536)


def test_a_role_that_nobody_knows_is_refused_at_the_start(tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.write_text(f"vera:boss:{HASH}\n")
    with (
        pytest.raises(RuntimeError, match="vera has the role 'boss'"),
        running_http("--http-password-file", str(people)),
    ):
        pass


def test_a_certificate_of_tls_says_who_it_is(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown, client = authority.issue("server"), authority.issue("web")
    (tmp_path / "geartrain.toml").write_text(
        '[access.web]\ncertificate = "web"\nsee = "*"\n'
    )
    with running_http(
        *("--config", str(tmp_path / "geartrain.toml")),
        *("--http-tls-cert", str(shown.cert), "--http-tls-key", str(shown.key)),
        *("--http-tls-ca", str(authority.ca)),
    ) as server:
        for issued, expected in ((client, 200), (shown, 401)):
            context = ssl.create_default_context(cafile=str(authority.ca))
            context.load_cert_chain(issued.cert, issued.key)
            connection = http.client.HTTPSConnection(
                "127.0.0.1", server.port, timeout=30, context=context
            )
            connection.request("GET", "/v1/functions")
            assert connection.getresponse().status == expected
            connection.close()
