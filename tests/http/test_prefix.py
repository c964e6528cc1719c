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


@pytest.mark.parametrize("text", ["a", "//a", "/a b", "/%20", "/a?b", '/"', "/a//b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is not a path"):
        HTTP_PREFIX.read(text)
