"""Open pages are brought up to date, whatever happens meanwhile."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.browser import looking, updated
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import submit
from tests.support.servers import free_port, running_geartrain


def test_a_page_shows_what_happens_and_keeps_what_its_reader_did(
    browser: Browser,
) -> None:
    with running_http() as server:
        submit(server.jobs, b"thumbnail")
        with looking(browser, server) as page:
            updated(page)
            page.locator("summary").first.click()
            link = page.get_by_role("link", name="thumbnail")
            link.focus()
            submit(server.jobs, b"thumbnail")
            expect(page.locator("#row-thumbnail td").first).to_have_text("2")
            expect(link).to_be_focused()
            expect(page.locator("details").first).to_have_attribute("open", "")


def test_updates_can_be_paused(browser: Browser) -> None:
    with running_http() as server:
        submit(server.jobs, b"thumbnail")
        with looking(browser, server) as page:
            expect(page.locator("#live-text")).to_have_text("Live")
            page.get_by_role("button", name="Pause").click()
            expect(page.locator("#live-text")).to_contain_text("Paused")
            expect(page.get_by_role("status").nth(0)).to_have_text("Updates are paused")
            page.reload()
            expect(page.locator("#live-text")).to_contain_text("Paused")
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            submit(server.jobs, b"thumbnail")
            page.get_by_role("button", name="Resume").click()
            expect(page.locator("#row-thumbnail td").first).to_have_text("2")
            # Until then the page asked for nothing.
            assert len(asked) == 1


def test_a_page_comes_back_with_its_server(browser: Browser) -> None:
    port = free_port()
    flags = ("--http", f"127.0.0.1:{port}")
    lost = "ERR_"
    with running_geartrain(*flags) as jobs:
        submit(jobs, b"thumbnail")
        server = HttpServer(jobs, port)
        looked = looking(browser, server, expected=lost)
        page = looked.__enter__()
        expect(page.locator("#live-text")).to_have_text("Live")
    expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    with running_geartrain(*flags) as jobs:
        submit(jobs, b"mail.send")
        expect(page.locator("#live-text")).to_have_text("Live")
        expect(page.get_by_role("link", name="mail.send")).to_be_visible()
        looked.__exit__(None, None, None)
