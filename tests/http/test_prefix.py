"""HTTP below a path, as proxies pass it on: with the prefix, and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geartrain.errors import OptionError
from geartrain.server.kinds import HTTP_PREFIX
from tests.support.http_client import HttpServer, running_http


@pytest.fixture(scope="module", params=["/geartrain", "/functions"])
def prefixed(request: pytest.FixtureRequest) -> Iterator[tuple[HttpServer, str]]:
    with running_http("--http-prefix", f"{request.param}/") as server:
        yield server, request.param


def test_it_answers_with_the_prefix_and_without(
    prefixed: tuple[HttpServer, str],
) -> None:
    server, prefix = prefixed
    server.submit("resize")
    for before in ("", prefix):
        assert server.get(before + "/").status == 200
        assert server.get(before + "/livez").status == 200
        assert server.get(before + "/v1/functions/resize").status == 200
        assert server.get(before + "/v1/nothing").kind == "not-found"
    assert server.get(prefix).status == 200
    assert server.get(prefix + "x/livez").status == 404


def test_what_leads_on_has_the_prefix(prefixed: tuple[HttpServer, str]) -> None:
    server, prefix = prefixed
    reply = server.submit("resize")
    assert reply.headers["location"].startswith(f"{prefix}/v1/jobs/")
    assert server.get("/openapi.json").json["servers"] == [{"url": prefix}]


@pytest.mark.parametrize(
    ("text", "path"), [("/a", "/a"), ("/a/b-c/", "/a/b-c"), ("", ""), ("/", "")]
)
def test_a_prefix_is_a_path(text: str, path: str) -> None:
    assert HTTP_PREFIX.read(text) == path


@pytest.mark.parametrize(
    "text",
    ["a", "//a", "/a b", "/%20", "/a?b", '/"', "/a//b", "/..", "/a/./b", "/a/.."],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is not a path"):
        HTTP_PREFIX.read(text)


@pytest.fixture(scope="module")
def proxied() -> Iterator[HttpServer]:
    with running_http("--http-trust-proxy", "127.0.0.1", "--http-prefix", "/own") as up:
        yield up


@pytest.mark.parametrize(
    ("told", "prefix"),
    [
        ("/tools", "/tools"),
        ("/tools/", "/tools"),
        ("/first, /second/", "/first/second"),
        ("", "/own"),
        ("//elsewhere.example", "/own"),
        ("/a/../b", "/own"),
        ('/"><script>', "/own"),
        ("https://elsewhere.example/", "/own"),
        ("/" + "a" * 5000, "/own"),
    ],
)
def test_a_trusted_proxy_says_what_is_before_its_paths(
    proxied: HttpServer, told: str, prefix: str
) -> None:
    headers = {"X-Forwarded-Prefix": told}
    reply = proxied.get("/openapi.json", **headers)
    assert reply.json["servers"] == [{"url": prefix}]
    moved = proxied.get("/", Accept="text/html", **headers)
    assert moved.headers["location"] == f"{prefix}/login"
    # One that passes the prefix on is understood, too.
    assert proxied.get(f"{prefix}/livez", **headers).status == 200


def test_who_is_no_proxy_has_no_say(server: HttpServer) -> None:
    reply = server.get("/openapi.json", **{"X-Forwarded-Prefix": "/elsewhere"})
    assert reply.json["servers"] == [{"url": "/"}]
