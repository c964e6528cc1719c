"""What holds for all pages, from the table of them."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from playwright.sync_api import Browser

from geartrain.dashboard.action import Action
from geartrain.dashboard.actions import ACTIONS
from geartrain.dashboard.page import Page
from geartrain.dashboard.pages import PAGES
from tests.support.browser import DESK, PHONE, faults, looking, updated
from tests.support.http_client import HttpServer, Reply
from tests.support.populated import Populated, path_of

COVERS = (
    "dashboard/action",
    "dashboard/page",
    "dashboard/rendering",
)

# Bytes of all that a page loads, compressed.
WEIGHT = 80_000

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


# The labels of cells, on a phone, that reach into the next cell.
_CUT_LABELS = """[...document.querySelectorAll("td[data-label]")].filter((cell) => {
    const label = getComputedStyle(cell, "::before");
    const height = parseFloat(label.height);
    return label.content !== "none" && height > cell.clientHeight + 1;
}).map((cell) => cell.dataset.label)"""


def fetched(server: HttpServer, path: str) -> Reply:
    reply = server.get(path, **{"Accept-Encoding": "gzip"})
    assert reply.status == 200, (path, reply.body)
    return reply


def unpacked(reply: Reply) -> str:
    is_packed = reply.headers.get("content-encoding") == "gzip"
    body = gzip.decompress(reply.body) if is_packed else reply.body
    return body.decode()


def test_each_page_has_a_name_and_a_path_of_its_own() -> None:
    assert len({page.name for page in PAGES}) == len(PAGES)
    assert len({page.path for page in PAGES}) == len(PAGES)
    names = {page.name for page in PAGES}
    assert {page.under for page in PAGES if page.under} <= names


def test_each_action_has_a_name_of_its_own() -> None:
    for name, action in ACTIONS.items():
        assert isinstance(action, Action)
        assert action.name == name
        assert action.right in ("submit", "operate", "administer")


@each_page
@pytest.mark.parametrize(("width", "theme"), [(DESK, "light"), (PHONE, "dark")])
def test_a_page_can_be_used_by_everybody(
    browser: Browser, filled: Populated, page: Page, width: int, theme: Any
) -> None:
    path = path_of(page, filled)
    with looking(browser, filled.server, path, width=width, theme=theme) as shown:
        if page.is_live:
            updated(shown)
        assert shown.title().endswith("Geartrain")
        assert shown.locator("h1").count() == 1
        assert faults(shown) == []
        # Nothing is wider than the screen.
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.evaluate(_CUT_LABELS) == []
        # What is hostile was not run, nor are its bytes put out.
        assert shown.title() != "1"
        assert "\u202e" not in shown.content()


@each_page
def test_a_page_without_anything_says_what_to_do(
    browser: Browser, empty: HttpServer, page: Page
) -> None:
    if "{" in page.path:
        pytest.skip("there is nothing that it could be about")
    with looking(browser, empty, page.path) as shown:
        assert faults(shown) == []
        assert len(shown.inner_text("main").strip()) > 20


@each_page
def test_a_page_is_light(filled: Populated, page: Page) -> None:
    server = filled.server
    reply = fetched(server, path_of(page, filled))
    loaded = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', unpacked(reply)))
    weight = len(reply.body) + sum(len(fetched(server, each).body) for each in loaded)
    assert weight < WEIGHT


@each_page
def test_a_page_without_scripts_shows_the_same(
    browser: Browser, filled: Populated, page: Page
) -> None:
    path = path_of(page, filled)
    with looking(browser, filled.server, path, has_scripts=False) as shown:
        assert len(shown.inner_text("main").strip()) > 20


@each_page
def test_a_page_refuses_what_it_does_not_know(filled: Populated, page: Page) -> None:
    reply = filled.server.get(path_of(page, filled) + "?nonsense=1")
    assert reply.status == 422
    assert b"nonsense" in reply.body
