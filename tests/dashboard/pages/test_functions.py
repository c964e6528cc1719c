"""The list of functions: sorted, filtered and paged by the job server, and live."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from geartrain.protocol.constants import PacketType
from tests.support.browser import looking, updated
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import fail_all, submit, submit_later
from tests.support.wire import Wire

COVERS = ("dashboard/standing",)


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with running_http() as server:
        for name, count in ((b"mail.send", 3), (b"mail.sort", 1), (b"resize", 5)):
            for _ in range(count):
                submit(server.jobs, name)
        yield server


def names(page: Page) -> list[str]:
    """Return the functions of the table in their order."""
    return page.locator("tbody th").all_inner_texts()


def row(page: Page, name: str) -> str:
    """Return the text of a function's row."""
    text: str = page.locator("tbody tr", has_text=name).inner_text()
    return text


def test_they_are_sorted_by_their_headers(browser: Browser, server: HttpServer) -> None:
    with looking(browser, server, "/functions") as page:
        assert names(page) == ["resize", "mail.send", "mail.sort"]
        header = page.get_by_role("columnheader", name="Waiting")
        expect(header).to_have_attribute("aria-sort", "descending")
        header.get_by_role("link").click()
        expect(header).to_have_attribute("aria-sort", "ascending")
        assert names(page) == ["mail.sort", "mail.send", "resize"]
        page.get_by_role("link", name="Function", exact=True).click()
        expect(page.locator("tbody th").first).to_have_text("mail.send")
        page.go_back()
        assert names(page) == ["mail.sort", "mail.send", "resize"]


def test_they_are_found_by_a_part_of_their_names(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/functions?sort=-waiting") as page:
        page.get_by_label("Find functions").fill("MAIL")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(2)
        assert "sort=-waiting" in page.url
        expect(page.get_by_label("Find functions")).to_have_value("MAIL")
        page.get_by_label("Find functions").fill("<b>")
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_text("No function has this in its name.")).to_be_visible()


def test_what_changes_is_shown_while_one_looks(browser: Browser) -> None:
    with running_http() as server, looking(browser, server, "/functions") as page:
        expect(page.get_by_text("No function yet")).to_be_visible()
        submit(server.jobs, b"alone")
        submit_later(server.jobs, b"alone", 3600)
        expect(page.locator("tbody tr")).to_contain_text("no worker")
        with Wire(server.jobs.connect()) as worker:
            worker.register(b"alone")
            expect(page.locator("tbody tr")).to_contain_text("waiting")
            worker.grab()
            expect(page.locator("tbody tr")).to_contain_text("working")
        server.ask("POST", "/v1/functions/alone/pause")
        expect(page.locator("tbody tr")).to_contain_text("paused")
        server.ask("POST", "/v1/functions/alone/resume")
        server.ask("POST", "/v1/functions/alone/drain")
        expect(page.locator("tbody tr")).to_contain_text("draining")


def test_a_function_that_fails_says_so(browser: Browser) -> None:
    with running_http() as server:
        submit(server.jobs, b"fails")
        fail_all(server.jobs, b"fails", b"no route")
        with looking(browser, server, "/functions") as page:
            assert "failing" in row(page, "fails")


def test_ten_thousand_come_in_pages(browser: Browser) -> None:
    with running_http() as server, Wire(server.jobs.connect()) as worker:
        for number in range(10_000):
            worker.send(PacketType.CAN_DO, b"f%05d" % number)
        assert worker.echoes()
        with looking(browser, server, "/functions?sort=function") as page:
            expect(page.locator("tbody tr")).to_have_count(50)
            expect(page.locator(".paging")).to_contain_text("50 of 10,000 functions")
            page.get_by_role("link", name="Next").click()
            expect(page.locator("tbody th").first).to_have_text("f00050")
            expect(page.locator(".paging")).to_contain_text("100 of 10,000")
            updated(page)
            expect(page.locator("tbody th").first).to_have_text("f00050")
            page.get_by_role("link", name="First").click()
            expect(page.locator("tbody th").first).to_have_text("f00000")


def test_functions_of_any_name_have_a_page(browser: Browser) -> None:
    odd = [".", "..", "a/b", "a/../b", "%2e", "?", "#"]
    with running_http() as server:
        for name in odd:
            submit(server.jobs, name.encode())
        with looking(browser, server, "/functions") as page:
            for name in odd:
                page.get_by_role("link", name=name, exact=True).click()
                expect(page.get_by_role("heading", level=1)).to_have_text(name)
                page.go_back()
