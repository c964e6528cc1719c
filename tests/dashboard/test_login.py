"""Logging in to the dashboard, and what people see of it by their rights."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from geartrain.server.access import token_line
from tests.support.browser import faults, looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import submit
from tests.support.passwords import quick_hash

PASSWORD = "sesame 123"
HASH = quick_hash(PASSWORD)
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("login") / "people"
    lines = (("vera", "view"), ("oscar", "operate"))
    file.write_text("".join(f"{name}:{role}:{HASH}\n" for name, role in lines))
    return file


@pytest.fixture(scope="module")
def gated(people: Path) -> Iterator[HttpServer]:
    with running_http("--http-password-file", str(people)) as server:
        submit(server.jobs, b"mail.send")
        yield server


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("#login button")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_people_log_in_where_they_wanted_to_go(
    has_scripts: bool, gated: HttpServer, browser: Browser
) -> None:
    wanted = "/failures?function=mail.send"
    with looking(browser, gated, wanted, has_scripts=has_scripts) as page:
        assert page.url.startswith(f"{gated.url}/login?back=")
        assert page.locator("nav").count() == 0
        log_in(page, "vera", "wrong")
        page.wait_for_selector(".message")
        assert "The name or the password is wrong." in page.inner_text(".message")
        log_in(page, "vera")
        page.wait_for_selector("nav")
        assert page.url == gated.url + wanted
        assert "vera" in page.inner_text(".corner")
        page.click("text=Log out")
        page.wait_for_selector("#login")
        assert "You are logged out." in page.inner_text(".message")
        page.goto("/")
        assert page.url == f"{gated.url}/login"


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_for_everybody(
    width: int, gated: HttpServer, browser: Browser
) -> None:
    with looking(browser, gated, "/login", width=width, theme="dark") as page:
        assert faults(page) == []
        assert page.evaluate("document.activeElement.name") == "name"


def test_an_open_page_ends_with_its_login(people: Path, browser: Browser) -> None:
    text = people.read_text()
    with (
        running_http("--http-password-file", str(people)) as server,
        looking(browser, server, "/", expected="401") as page,
    ):
        log_in(page, "vera")
        page.wait_for_selector('#live[data-state="live"]')
        people.write_text(text.replace("vera", "other"))
        try:
            server.jobs.process.send_signal(signal.SIGHUP)
            page.wait_for_selector("#login", timeout=20_000)
        finally:
            people.write_text(text)
        assert page.url.startswith(f"{server.url}/login")


def cookie(server: HttpServer, name: str) -> dict[str, str]:
    body = urlencode({"name": name, "password": PASSWORD, "back": "/functions?a=b"})
    reply = server.ask("POST", "/login", body, FORM)
    assert (reply.status, reply.headers["location"]) == (303, "/functions?a=b")
    return {"Cookie": reply.headers["set-cookie"].partition(";")[0]}


def test_who_may_only_see_is_offered_and_allowed_nothing_else(
    gated: HttpServer,
) -> None:
    for name, is_allowed in (("vera", False), ("oscar", True)):
        headers = cookie(gated, name)
        page = gated.ask("GET", "/", headers={**headers, "Accept": "text/html"})
        assert page.status == 200
        fields = urlencode({"function": "mail.send", "sure": "yes"})
        done = gated.ask("POST", "/do/pause", fields, {**headers, **FORM})
        assert done.status == (303 if is_allowed else 403)
        row = gated.ask("GET", "/v1/functions/mail.send", headers=headers).json
        assert row["paused"] is is_allowed
    gated.ask("POST", "/v1/functions/mail.send/resume", headers=cookie(gated, "oscar"))


def test_a_form_that_is_sent_too_late_leads_to_the_login(gated: HttpServer) -> None:
    reply = gated.ask("POST", "/do/pause", urlencode({"function": "f"}), FORM)
    assert (reply.status, reply.headers["location"]) == (303, "/login")
    headers = {**FORM, "Geartrain-Script": "yes"}
    reply = gated.ask("POST", "/do/pause", urlencode({"function": "f"}), headers)
    assert (reply.status, reply.headers["geartrain-page"]) == (200, "/login")


def test_a_login_leads_to_no_other_site(gated: HttpServer) -> None:
    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "x"):
        body = urlencode({"name": "vera", "password": PASSWORD, "back": back})
        reply = gated.ask("POST", "/login", body, FORM)
        assert reply.headers["location"] == "/", back


def test_without_passwords_the_page_says_how_to_have_some(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-these-tests")
    with running_http("--http-token-file", str(token)) as server:
        page = server.get("/", Accept="text/html")
        assert (page.status, page.headers["location"]) == (303, "/login")
        assert b"geartrain password NAME" in server.get("/login").body


def test_where_nobody_need_log_in_there_is_no_page() -> None:
    with running_http() as server:
        reply = server.get("/login")
        assert (reply.status, reply.headers["location"]) == (303, "/")
        assert server.get("/").status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/login"), ("POST", "/static/frame.js")]
)
def test_errors_tell_nobody_else_what_is_wrong_with_jobs(
    method: str, path: str, gated: HttpServer
) -> None:
    reply = gated.ask(method, path)
    assert reply.status == 405
    assert b"<main" in reply.body
    assert b"<nav" not in reply.body
    headers = cookie(gated, "vera")
    assert b"<nav" in gated.ask(method, path, headers=headers).body


def following(server: HttpServer, token: bytes) -> socket.socket:
    """Return the stream of a page that somebody looks at."""
    client = server.connect(timeout=10.0)
    headers = f"Accept: text/event-stream\r\nAuthorization: Bearer {token.decode()}"
    asked = f"GET /functions HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n"
    client.sendall(asked.encode())
    told = b""
    while b"event: regions" not in told:
        told += client.recv(65536)
    return client


def test_a_page_that_two_look_at_ends_for_who_may_see_it_no_more(
    tmp_path: Path,
) -> None:
    file = tmp_path / "geartrain.toml"
    kept, revoked = b"kept-0123456789abcdef", b"revoked-0123456789abcdef"
    rule = '[access.viewers]\nsee = "*"\ntoken = [{}]\n'
    tokens = [f'"{token_line(each)}"' for each in (kept, revoked)]
    file.write_text(rule.format(", ".join(tokens)))
    with (
        running_http("--config", str(file)) as server,
        following(server, kept),
        following(server, revoked) as client,
    ):
        file.write_text(rule.format(tokens[0]))
        server.jobs.process.send_signal(signal.SIGHUP)
        answer = b""
        while not answer.endswith(b"0\r\n\r\n"):
            answer += client.recv(65536)
        headers = {"Authorization": f"Bearer {revoked.decode()}"}
        assert server.ask("GET", "/functions", headers=headers).status == 401
        following(server, kept).close()
