"""Chromium, as a person uses the dashboard, and what must never happen meanwhile.

A message on the console, an error of a script, a violation of the page's policy of
content, or a request to anywhere else fails the test that looked at the page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.support.http_client import HttpServer
from tests.support.waiting import PATIENCE

__all__ = ["CHROMIUM", "DESK", "PHONE", "chromium", "faults", "looking", "updated"]

# Chromium's engine without the windows around it, which are made also where
# nobody sees them: 1.0 s of CPU instead of 2.2 until the first page is shown.
CHROMIUM = "/usr/bin/chromium-headless-shell"
DESK = 1280
PHONE = 390

expect.set_options(timeout=PATIENCE * 1000)

_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--expose-gc"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium, without windows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def looking(
    browser: Browser,
    server: HttpServer,
    path: str = "/",
    *,
    width: int = DESK,
    theme: Any = "light",
    has_scripts: bool = True,
    zone: str | None = None,
    expected: str = "",
) -> Iterator[Page]:
    """Open a page of a server; at the end of the block nothing may have gone wrong.

    ``zone`` is the time zone of who looks; ``expected`` is a part of messages on the
    console that are no fault here.
    """
    with (
        _lent(browser, _Look(server.url, width, theme, has_scripts, zone)) as page,
        _complaints(page, server) as complaints,
    ):
        page.goto(path)
        yield page
        found = [each for each in complaints if not expected or expected not in each]
        assert not found, "\n".join(found[:5])


class _Look(NamedTuple):
    """How somebody looks at the pages of a server."""

    url: str
    width: int
    theme: Any
    has_scripts: bool
    zone: str | None


# The pages that tests of a browser are done with, the latest last.
_Idle = OrderedDict[_Look, Page]
_idle: WeakKeyDictionary[Browser, _Idle] = WeakKeyDictionary()
_MOST_IDLE = 8


@contextmanager
def _lent(browser: Browser, look: _Look) -> Iterator[Page]:
    """Lend a page: one that an earlier test has left, if it looked in the same way.

    A new page takes 0.85 s of CPU until it is shown, and one that goes elsewhere
    0.4 s. It has no cookie, and nothing that scripts have stored.
    """
    idle = _idle.setdefault(browser, OrderedDict())
    page = idle.pop(look, None) or _new_page(browser, look)
    is_well = False
    try:
        yield page
        is_well = _is_blank_again(page, look)
    finally:
        left = [] if is_well else [page]
        if is_well:
            # Two may have looked in the same way at the same time.
            left += [idle.pop(look)] if look in idle else []
            idle[look] = page
        while len(idle) > _MOST_IDLE:
            left.append(idle.popitem(last=False)[1])
        for each in left:
            each.context.close()


def _new_page(browser: Browser, look: _Look) -> Page:
    context = browser.new_context(
        viewport={"width": look.width, "height": 844},
        color_scheme=look.theme,
        java_script_enabled=look.has_scripts,
        timezone_id=look.zone,
        base_url=look.url,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE * 1000)
    return context.new_page()


def _is_blank_again(page: Page, look: _Look) -> bool:
    """Forget what a page has been told; return whether another test may have it."""
    if page.is_closed() or len(page.context.pages) > 1:
        return False
    size = page.viewport_size
    if size is None or (size["width"], size["height"]) != (look.width, 844):
        return False
    if look.has_scripts and page.url.startswith(look.url):
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.context.clear_cookies()
    # A test may have looked at it as it is printed, or in the dark.
    page.emulate_media(media="null", color_scheme=look.theme)
    page.goto("about:blank")
    return True


@contextmanager
def _complaints(page: Page, server: HttpServer) -> Iterator[list[str]]:
    """Yield a list into which comes whatever goes wrong on a page meanwhile."""
    found: list[str] = []

    def asked(request: Request) -> None:
        target = urlsplit(request.url)
        if target.scheme != "data" and target.netloc != urlsplit(server.url).netloc:
            found.append(f"asks {request.url}")

    def told(message: ConsoleMessage) -> None:
        found.append(f"{message.type}: {message.text}")

    def failed(error: Error) -> None:
        found.append(str(error))

    page.on("console", told)
    page.on("pageerror", failed)
    page.on("request", asked)
    try:
        yield found
    finally:
        page.remove_listener("console", told)
        page.remove_listener("pageerror", failed)
        page.remove_listener("request", asked)


def updated(page: Page) -> None:
    """Return once the page has been brought up to date by its server."""
    page.evaluate(
        "new Promise(done => document.addEventListener('geartrain:update', done,"
        " {once: true}))"
    )


def faults(page: Page) -> list[str]:
    """Return what axe finds wrong for people who see, hear or move otherwise."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]}: {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]
