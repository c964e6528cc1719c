"""Orders to all jobs that a form selects: counted, asked about, and carried out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlencode

import pytest

from geartrain.dashboard.sweeps import required
from geartrain.errors import OptionError
from tests.support.http_client import HttpServer, Reply, running_http

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with running_http() as server:
        yield server


def send(server: HttpServer, action: str, **fields: str) -> Reply:
    return server.ask("POST", f"/do/{action}", urlencode(fields), FORM)


def question(server: HttpServer, action: str, **fields: str) -> str:
    """Return the text of the page that asks before an action is done."""
    reply = send(server, action, **fields)
    assert reply.status == 200, message(reply)
    page = reply.body.decode().partition("<main")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def message(reply: Reply) -> str:
    """Return what an action had to say."""
    assert reply.status == 303, reply.body
    cookie = reply.headers["set-cookie"].partition("=")[2].partition(";")[0]
    text: str = json.loads(unquote(cookie))["text"]
    return text


def test_it_counts_before_it_asks(server: HttpServer) -> None:
    for _ in range(3):
        server.submit("counted")
    asked = question(server, "cancel-waiting", function="counted")
    assert "Cancel 3 waiting jobs of counted?" in asked
    assert "Cancel 3 waiting jobs" in asked.partition("?")[2]
    done = send(server, "cancel-waiting", function="counted", sure="yes")
    assert message(done) == "3 waiting jobs of counted cancelled."


def test_it_says_that_there_is_nothing_to_do(server: HttpServer) -> None:
    asked = question(server, "run-delayed", function="none")
    assert "There is no such delayed job now." in asked


def test_what_it_moves_jobs_to_is_in_what_it_says(server: HttpServer) -> None:
    server.submit("left")
    fields = {"function": "left", "to": " <b>right</b> "}
    asked = question(server, "move-waiting", **fields)
    assert "Move 1 waiting job of left to &lt;b&gt;right&lt;/b&gt;?" in asked
    done = send(server, "move-waiting", **fields, sure="yes")
    assert message(done) == "1 waiting job of left moved to <b>right</b>."


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("cancel-waiting", {}, "name the function"),
        ("move-waiting", {"function": "f"}, "name the function that is to have"),
        ("move-found", {"q": "function:f", "to": " "}, "name the function"),
        ("cancel-batch", {"batch": ""}, "name the batch"),
        ("cancel-found", {"q": ""}, "at least one qualifier"),
        ("cancel-found", {"q": "state:odd"}, "state:odd"),
        ("prioritise-found", {"q": "function:f", "priority": "top"}, "priority"),
        ("cancel-delayed", {"function": ""}, "name the function"),
    ],
)
@pytest.mark.parametrize("sure", ["", "yes"])
def test_what_is_missing_is_never_taken_for_everything(
    server: HttpServer, action: str, fields: dict[str, str], said: str, sure: str
) -> None:
    server.submit("kept")
    assert said in message(send(server, action, **fields, sure=sure))
    assert server.get("/v1/jobs?function=kept").json["items"]


def test_a_field_that_is_needed_is_taken_without_spaces() -> None:
    assert required({"to": " there "}, "to", "say where") == "there"
    with pytest.raises(OptionError, match="say where"):
        required({}, "to", "say where")
