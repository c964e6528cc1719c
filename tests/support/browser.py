"""Chromium, as a person uses the dashboard, and what must never happen meanwhile.

A message on the console, an error of a script, a violation of the page's policy of
content, or a request to anywhere else fails the test that looked at the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.support.http_client import HttpServer

__all__ = ["CHROMIUM", "DESK", "PHONE", "chromium", "faults", "looking", "updated"]

CHROMIUM = "/usr/bin/chromium"
DESK = 1280
PHONE = 390

_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--expose-gc"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium."""
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
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=theme,
        java_script_enabled=has_scripts,
        timezone_id=zone,
        base_url=server.url,
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    complaints = _complaints(page, server)
    try:
        page.goto(path)
        yield page
        found = [each for each in complaints if not expected or expected not in each]
        assert not found, "\n".join(found[:5])
    finally:
        context.close()


def _complaints(page: Page, server: HttpServer) -> list[str]:
    """Return a list into which comes whatever goes wrong on a page."""
    found: list[str] = []

    def asked(request: Request) -> None:
        target = urlsplit(request.url)
        if target.scheme != "data" and target.netloc != urlsplit(server.url).netloc:
            found.append(f"asks {request.url}")

    page.on("console", lambda message: found.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", asked)
    return found


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
