"""Who may do what in the dashboard: each principal, each page, each action."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import unquote, urlencode

import pytest

from geartrain.dashboard.actions import ACTIONS
from geartrain.dashboard.pages import PAGES
from geartrain.protocol.constants import PacketType
from tests.support.access import INCLUDED, SHOP, is_allowed
from tests.support.guarded import (
    FUNCTIONS,
    ask,
    bearer,
    dead,
    delayed,
    recurring,
    running,
    submitted,
    wire_of,
)
from tests.support.http_client import HttpServer, running_http
from tests.support.wire import Wire

pytestmark = pytest.mark.slow

OPERATE = {"operate"}
ADMINISTER = {"administer"}


class Tried(NamedTuple):
    """What a form sends, and the rights of which one is needed.

    In the fields F is a function; H, R, L, D and S stand for a job of it that waits,
    one that runs, one that is delayed, a dead letter and a recurring one.
    """

    fields: Mapping[str, str]
    rights: set[str] = OPERATE


ON_FUNCTION = {"function": "F"}
ON_SCHEDULE = {"name": "S", "function": "F"}
ACTIONS_TRIED = {
    "pause": Tried(ON_FUNCTION),
    "drain": Tried(ON_FUNCTION),
    "resume": Tried(ON_FUNCTION),
    "cancel-waiting": Tried({**ON_FUNCTION, "waiting": "H"}),
    "move-waiting": Tried({**ON_FUNCTION, "to": "F", "waiting": "H"}),
    "cancel-job": Tried({"handle": "H"}),
    "retry-job": Tried({"handle": "R"}),
    "run-job": Tried({"handle": "L"}),
    "prioritise-job": Tried({"handle": "H", "priority": "high", "function": "F"}),
    "move-job": Tried({"handle": "H", "to": "F", "function": "F"}),
    "retry-dead-letter": Tried({"handle": "D"}),
    "drop-dead-letter": Tried({"handle": "D"}),
    "cancel-found": Tried({"q": "function:F", "waiting": "H"}),
    "run-found": Tried({"q": "function:F", "waiting": "L"}),
    "prioritise-found": Tried({"q": "function:F", "priority": "low", "waiting": "H"}),
    "move-found": Tried({"q": "function:F", "to": "F", "waiting": "H"}),
    "retry-dead-letters": Tried({**ON_FUNCTION, "waiting": "D"}),
    "drop-dead-letters": Tried({**ON_FUNCTION, "waiting": "D"}),
    "retry-chosen-letters": Tried({"chosen": "D"}),
    "drop-chosen-letters": Tried({"chosen": "D"}),
    "change-setting": Tried(
        {**ON_FUNCTION, "setting": "ttl", "value": "0"}, ADMINISTER
    ),
    "reset-setting": Tried({**ON_FUNCTION, "setting": "ttl"}, ADMINISTER),
    "run-now": Tried({"handle": "L", "function": "F"}),
    "cancel-delayed-job": Tried({"handle": "L", "function": "F"}),
    "run-delayed": Tried({**ON_FUNCTION, "waiting": "L"}),
    "cancel-delayed": Tried({**ON_FUNCTION, "waiting": "L"}),
    "run-schedule": Tried(ON_SCHEDULE),
    "skip-time": Tried(ON_SCHEDULE),
    "pause-schedule": Tried(ON_SCHEDULE),
    "resume-schedule": Tried(ON_SCHEDULE),
    "add-schedule": Tried(
        {"name": "new-F", "function": "F", "every": "60"}, ADMINISTER
    ),
    "change-schedule": Tried({**ON_SCHEDULE, "missed": "skip"}, ADMINISTER),
    "remove-schedule": Tried(ON_SCHEDULE, ADMINISTER),
    "submit-job": Tried({"function": "F", "workload": "w"}, {"submit"}),
}
# Those that are about all functions.
OVER_ALL = {
    "cancel-batch": {"batch": "news"},
    "retry-batch": {"batch": "news"},
    "cancel-found": {"q": "state:waiting"},
    "retry-dead-letters": {"reason": "fail"},
    "drop-dead-letters": {"reason": "fail"},
}
MAKERS = {
    "H": submitted,
    "R": running,
    "L": delayed,
    "D": dead,
    "S": recurring,
}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("access") / "geartrain.toml"
    file.write_text(SHOP)
    return str(file)


@pytest.fixture(scope="module")
def shop(rules: str) -> Iterator[HttpServer]:
    """A job server on which all is tried."""
    with running_http("--config", rules) as server:
        yield server


class Outcome(NamedTuple):
    """What came of an action."""

    is_done: bool
    said: str


def do(
    server: HttpServer, principal: str, action: str, fields: Mapping[str, str]
) -> Outcome:
    """Send the form of an action, sure of it."""
    body = urlencode({**fields, "sure": "yes"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = server.ask("POST", f"/do/{action}", body, headers | bearer(principal))
    if reply.status != 303:
        assert reply.status in (401, 403), (action, reply.status, reply.body)
        return Outcome(False, reply.body.decode())
    cookie = reply.headers.get("set-cookie", "")
    if not cookie.startswith("geartrain-message="):
        assert "/login" in reply.headers["location"]
        return Outcome(False, "log in")
    told = json.loads(unquote(cookie.partition("=")[2].partition(";")[0]))
    return Outcome(not told["is_error"], told["text"])


def made(
    server: HttpServer, fields: Mapping[str, str], function: str
) -> dict[str, str]:
    """Return the fields of a form, with new jobs of a function in them."""
    ask(server, "all", "POST", f"/v1/functions/{function}/resume")
    found = {}
    for name, value in fields.items():
        if value in MAKERS:
            found[name] = MAKERS[value](server, function)
            if value == "S":
                do(server, "all", "resume-schedule", {"name": found[name]})
        else:
            found[name] = value.replace("F", function)
    return found


@pytest.mark.parametrize("action", ACTIONS_TRIED)
@pytest.mark.parametrize("principal", INCLUDED)
def test_actions(principal: str, action: str, shop: HttpServer) -> None:
    tried = ACTIONS_TRIED[action]
    for function in FUNCTIONS:
        fields = made(shop, tried.fields, function)
        outcome = do(shop, principal, action, fields)
        expected = is_allowed(principal, tried.rights, function)
        assert outcome.is_done is expected, (function, outcome)
        if not outcome.is_done:
            # It was refused, not impossible.
            assert do(shop, "all", action, fields).is_done
        ask(shop, "all", "DELETE", f"/v1/schedules/new-{function}")


def test_each_action_is_tried() -> None:
    assert {*ACTIONS_TRIED, *OVER_ALL} == set(ACTIONS)


@pytest.mark.parametrize("principal", INCLUDED)
def test_what_is_about_all_functions_is_for_who_may_operate_all(
    principal: str, shop: HttpServer
) -> None:
    for action, fields in OVER_ALL.items():
        outcome = do(shop, principal, action, fields)
        assert outcome.is_done is (principal == "all"), (action, outcome)


@pytest.mark.parametrize(
    "action",
    [
        name
        for name, tried in ACTIONS_TRIED.items()
        if set("HRLDS") & set(tried.fields.values()) and "waiting" not in tried.fields
    ],
)
def test_a_form_that_names_another_function_reaches_nothing(
    action: str, shop: HttpServer
) -> None:
    fields = made(shop, ACTIONS_TRIED[action].fields, "pay.card")
    outcome = do(
        shop,
        "administrator",
        action,
        {**fields, "function": "mail.send", "to": "mail.send"},
    )
    assert not outcome.is_done, outcome


class Forms(HTMLParser):
    """Gathers the forms of a page: their actions, and the fields that are hidden."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form" and given.get("action", "").startswith("/do/"):
            self.found.append((given["action"].removeprefix("/do/"), {}))
        elif "formaction" in given:
            other = given["formaction"].removeprefix("/do/")
            self.found.append((other, self.found[-1][1]))
        elif tag == "input" and given.get("type") == "hidden" and self.found:
            name, value = given["name"], given["value"]
            if name.startswith("~"):
                name, value = name[1:], unquote(value)
            self.found[-1][1][name] = value


# What is looked at of each function; of a job there are three, by its state.
PATHS = {
    "overview": ["/"],
    "functions": ["/functions"],
    "function": ["/functions/F", "/functions/F.old"],
    "keys": ["/functions/F/keys"],
    "jobs": ["/jobs", "/jobs?q=function:F", "/jobs?q=function:F+state:dead"],
    "job": ["/jobs/H", "/jobs/R", "/jobs/L", "/jobs/D"],
    "workers": [
        "/workers",
        "/workers?show=client",
        "/workers?show=owner",
        "/workers?show=process",
    ],
    "cluster": ["/cluster"],
    "failures": ["/failures", "/failures?function=F"],
    "schedules": ["/schedules", "/schedules?function=F"],
    "schedule": ["/schedules/S", "/schedules/F.paused"],
    "batches": ["/batches"],
    "batch": ["/batches/news"],
    "try": ["/try"],
    "settings": ["/settings"],
}


class Stocked(NamedTuple):
    """A job server that is only looked at, and its pages for each function."""

    server: HttpServer
    paths: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def stocked(rules: str) -> Iterator[Stocked]:
    with running_http("--config", rules) as server:
        paths = {each: stock(server, each) for each in FUNCTIONS}
        with wire_of(server, "all") as wire:
            submit_in_batch(wire)
            bury(wire)
            submit_in_batch(wire)
        yield Stocked(server, paths)


def submit_in_batch(wire: Wire) -> None:
    wire.send(PacketType.OPTION_REQ, b"options\0batch=news")
    wire.expect(PacketType.OPTION_RES)
    wire.send(PacketType.SUBMIT_JOB_BG, b"batched", b"", b"w")
    wire.expect(PacketType.JOB_CREATED)


def bury(wire: Wire) -> None:
    """Let the job of the batch fail."""
    wire.register(b"batched")
    handle, *_ = wire.grab()
    wire.send(PacketType.WORK_FAIL, handle)
    wire.send(PacketType.CANT_DO, b"batched")


def stock(server: HttpServer, function: str) -> list[str]:
    """Make jobs of a function; return the paths of the pages on which they are."""
    # What runs comes first, because what it takes has to be all there is.
    names = {each: MAKERS[each](server, function) for each in "DRHLS"}
    ask(server, "all", "PATCH", f"/v1/policies/{function}", '{"ttl": 5000}')
    submitted(server, f"{function}.old")
    ask(server, "all", "POST", f"/v1/functions/{function}.old/pause")
    paused = f"/v1/schedules/{function}.paused"
    ask(server, "all", "POST", paused, f'{{"function": "{function}", "every": 60}}')
    ask(server, "all", "POST", f"{paused}/pause")
    found = []
    for path in (path for paths in PATHS.values() for path in paths):
        parts = [names.get(part, part) for part in path.split("/")]
        found.append("/".join(parts).replace("F", function))
    return found


def test_each_page_is_tried() -> None:
    assert set(PATHS) == {page.name for page in PAGES}


def is_about(path: str, function: str) -> bool:
    """Tell whether a page is about one function, or a job of it."""
    return function in path or path.startswith(("/jobs/", "/schedules/"))


def statuses(principal: str, path: str, function: str) -> tuple[int, ...]:
    """Return how a page may be answered."""
    if principal == "nobody":
        return (401,)
    if path == "/try":
        return (200,)
    if not is_allowed(principal, {"see"}, "mail.send"):
        return (403, 404)
    if is_allowed(principal, {"see"}, function) or not is_about(path, function):
        return (200,)
    # Searches find nothing, and jobs are not known.
    return (200, 403, 404)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("principal", INCLUDED)
def test_pages(principal: str, function: str, stocked: Stocked) -> None:
    for path in stocked.paths[function]:
        reply = stocked.server.get(path, **bearer(principal))
        case = (path, reply.status, reply.body[-600:])
        assert reply.status in statuses(principal, path, function), case
        if principal != "all" and "pay.card" not in path:
            assert b"pay.card" not in reply.body, case


@pytest.mark.parametrize("principal", INCLUDED)
def test_pages_have_the_buttons_of_what_may_be_done(
    principal: str, stocked: Stocked
) -> None:
    seen = set()
    for path in {path for paths in stocked.paths.values() for path in paths}:
        page = stocked.server.get(path, **bearer(principal)).body.decode()
        for action, fields in Forms(page).found:
            seen.add(action)
            if principal != "all":
                check_form(principal, action, fields, path)
    assert seen == expected_buttons(principal, seen)


def check_form(
    principal: str, action: str, fields: Mapping[str, str], path: str
) -> None:
    """Fail if what a form does would be refused."""
    tried = ACTIONS_TRIED.get(action)
    assert tried is not None, (path, action)
    assert is_allowed(principal, tried.rights, "mail.send"), (path, action)
    named = " ".join(fields[each] for each in ("function", "q") if each in fields)
    assert "pay.card" not in named, (path, action)
    if action in OVER_ALL:
        assert "mail.send" in named, (path, action)


def expected_buttons(principal: str, seen: set[str]) -> set[str]:
    """Return the actions whose buttons somebody has to see."""
    if not is_allowed(principal, {"see"}, "mail.send"):
        return {"submit-job"} if principal == "submitter" else set()
    found = {
        action
        for action, tried in ACTIONS_TRIED.items()
        if is_allowed(principal, tried.rights, "mail.send")
    }
    return found | (set(OVER_ALL) if principal == "all" else set())
