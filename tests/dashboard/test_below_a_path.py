"""The dashboard below a path, where a proxy has other things beside it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import faults, looking, updated
from tests.support.http_client import running_http
from tests.support.jobs_in_states import bury


def test_all_of_it_works_and_nothing_leads_out(browser: Browser) -> None:
    with running_http("--http-prefix", "/tools/geartrain") as server:
        bury(server.jobs, b"mail.send", [b"1"], b"greylisted")
        with looking(browser, server, "/tools/geartrain/") as page:
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            updated(page)
            page.get_by_role("button", name="Run them again").click()
            page.get_by_role("button", name="Run 1 dead letter again").click()
            expect(page.locator(".message")).to_contain_text("run again")
            page.get_by_role("link", name="1 d", exact=True).click()
            expect(page).to_have_url(re.compile(r"/tools/geartrain/\?span=day$"))
            updated(page)
            links = page.locator("[href]").evaluate_all("all => all.map(a => a.href)")
            for address in [*asked, *links]:
                assert urlsplit(address).path.startswith("/tools/geartrain")


@pytest.mark.parametrize("path", ["/docs", "/tools/docs"])
def test_the_page_of_the_api_does_too(browser: Browser, path: str) -> None:
    with (
        running_http("--http-prefix", "/tools") as server,
        looking(browser, server, path) as page,
    ):
        expect(page.locator("details")).not_to_have_count(0)
        assert faults(page) == []
        page.get_by_text("/v1/server", exact=True).click()
        shown = page.locator("details[open]")
        shown.get_by_role("button", name="Send").click()
        expect(shown.locator("pre").last).to_contain_text('"version"')
