"""Requests for pages, actions and files, as any client sends them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlencode

import pytest
from starlette.responses import Response

from geartrain.dashboard.messages import Message, keep_message
from tests.support.http_client import HttpServer, Reply, running_http
from tests.support.jobs_in_states import bury, submit

COVERS = (
    "dashboard/assets",
    "dashboard/calls",
    "dashboard/messages",
    "dashboard/mount",
    "dashboard/actions/dead",
    "dashboard/actions/functions",
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with running_http() as server:
        yield server


def act(server: HttpServer, name: str, **fields: str) -> Reply:
    """Send an action's form, with all fields packed."""
    packed = {f"~{each}": quote(value, safe="") for each, value in fields.items()}
    return server.ask("POST", f"/do/{name}", urlencode(packed), FORM)


def said(reply: Reply) -> tuple[str, bool]:
    """Return the message that the page after an action shows."""
    assert reply.status == 303
    cookie = reply.headers["set-cookie"].partition(";")[0].partition("=")[2]
    found = json.loads(unquote(cookie.strip('"')))
    return found["text"], found["is_error"]


def is_paused(server: HttpServer, function: str) -> bool:
    paused: bool = server.get(f"/v1/functions/{function}").json["paused"]
    return paused


def test_pages_may_run_nothing_from_elsewhere(server: HttpServer) -> None:
    reply = server.get("/")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert reply.headers["cache-control"] == "no-store"
    assert b" style=" not in reply.body
    assert b"<script>" not in reply.body


def test_a_path_that_no_page_has_is_a_page_that_says_so(server: HttpServer) -> None:
    for path in ("/nothing", "/%3Cscript%3E", "/do/nothing", "//evil.example/"):
        reply = server.get(path)
        assert reply.status in (404, 405)
        assert reply.headers["content-type"].startswith("text/html")
        assert b"<script>" not in reply.body


def test_what_the_api_lacks_is_no_page(server: HttpServer) -> None:
    assert server.get("/v1/nothing").kind == "not-found"


def test_static_files_are_kept_for_ever_and_packed(server: HttpServer) -> None:
    page = server.get("/").body.decode()
    path = page[page.index("/static/tokens.css") :].partition('"')[0]
    plain = server.get(path)
    packed = server.get(path, **{"Accept-Encoding": "br, gzip"})
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    assert gzip.decompress(packed.body) == plain.body
    for path in ("/static/", "/static/../app.py", "/static/%2e%2e/app.py"):
        assert server.get(path).status == 404


def test_an_action_is_done_and_told_on_the_page_it_came_from(
    server: HttpServer,
) -> None:
    submit(server.jobs, b"thumbnail")
    reply = act(server, "pause", function="thumbnail", sure="yes", back="/?span=day")
    assert reply.headers["location"] == "/?span=day"
    assert said(reply) == (
        "thumbnail is paused: its jobs wait until you resume it.",
        False,
    )
    assert is_paused(server, "thumbnail")
    cookie = reply.headers["set-cookie"].partition(";")[0]
    page = server.get("/?span=day", Cookie=cookie)
    assert b"thumbnail is paused" in page.body
    # It is shown once.
    assert "Max-Age=0" in page.headers["set-cookie"]
    said(act(server, "resume", function="thumbnail"))
    assert not is_paused(server, "thumbnail")
    done = server.get("/v1/actions").json["items"]
    assert [each["command"] for each in done[:2]] == ["resume", "pause"]


def test_a_name_of_any_bytes_can_be_acted_on(server: HttpServer) -> None:
    name = b'caf\xff "<&\xe2\x82\xac'
    submit(server.jobs, name)
    body = urlencode({"~function": quote(name, safe=""), "sure": "yes"})
    said(server.ask("POST", "/do/pause", body, FORM))
    assert is_paused(server, quote(name, safe=""))


def test_what_cannot_be_undone_is_asked_before_with_its_count(
    server: HttpServer,
) -> None:
    for _ in range(3):
        submit(server.jobs, b"mail.send")
    asked = act(server, "cancel-waiting", function="mail.send")
    assert asked.status == 200
    assert b"Cancel 3 waiting jobs of mail.send?" in asked.body
    assert b'value="mail.send"' in asked.body
    done = act(server, "cancel-waiting", function="mail.send", sure="yes")
    assert said(done) == ("3 waiting jobs of mail.send cancelled.", False)
    assert (
        b'name="sure"' not in act(server, "cancel-waiting", function="mail.send").body
    )


def test_dead_letters_run_again(server: HttpServer) -> None:
    bury(server.jobs, b"report.build", [b"1", b"2"], b"no route")
    asked = act(server, "retry-dead-letters", function="report.build")
    assert b"Run 2 dead letters of report.build again?" in asked.body
    done = act(server, "retry-dead-letters", function="report.build", sure="yes")
    assert said(done)[0] == "2 dead letters of report.build run again."


def test_what_the_job_server_refuses_is_told(server: HttpServer) -> None:
    text, is_error = said(act(server, "pause", function=""))
    assert is_error
    assert text


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example/",
        "https://evil.example",
        "/\\evil",
        "/a\r\nX: y",
        "javascript:1",
    ],
)
def test_an_action_leads_nowhere_else(server: HttpServer, back: str) -> None:
    reply = act(server, "resume", function="thumbnail", back=back)
    assert reply.headers["location"] == "/"


def test_pages_of_other_sites_can_have_nothing_done(server: HttpServer) -> None:
    submit(server.jobs, b"thumbnail")
    headers = {**FORM, "Sec-Fetch-Site": "cross-site"}
    reply = server.ask("POST", "/do/pause", "function=thumbnail", headers)
    assert reply.status == 403
    assert not is_paused(server, "thumbnail")


def test_a_form_is_bounded(server: HttpServer) -> None:
    reply = server.ask("POST", "/do/pause", b"a=" + b"x" * 2_000_000, FORM)
    assert reply.status == 413


@pytest.mark.parametrize("name", ["a", "\u00e9", "\u6f22", "\U0001f600", '"'])
def test_a_message_of_any_characters_fits_into_a_cookie(name: str) -> None:
    # A browser drops a cookie of more than 4,096 bytes.
    response = Response()
    keep_message(response, Message(name * 1000), "/")
    value = response.headers["set-cookie"].partition(";")[0]
    assert len(value) < 4000
    kept = json.loads(unquote(value.partition("=")[2]))["text"]
    assert len(kept) > 200
    assert set(kept) == {name}


def test_a_message_that_was_made_up_is_only_text(server: HttpServer) -> None:
    made_up = quote(json.dumps({"text": "<script>1</script>", "is_error": False}))
    page = server.get("/", Cookie=f"geartrain-message={made_up}")
    assert b"<script>1" not in page.body
    for bad in ("%", quote("[]"), quote('{"text": 1}'), "%ff"):
        assert server.get("/", Cookie=f"geartrain-message={bad}").status == 200


def test_a_server_whose_pages_nobody_opens_does_not_load_them() -> None:
    text = (
        "import sys; import geartrain.dashboard.mount, geartrain.http.server;"
        "sys.exit('jinja2' in sys.modules or 'geartrain.dashboard.app' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
