"""Flow keys on their page, and limits at work on that of their function."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from geartrain.admin import Admin
from tests.support.browser import faults, looking
from tests.support.http_client import running_http
from tests.support.keys_at_work import submit_accounts
from tests.support.wire import Wire


@pytest.mark.slow
def test_limits_and_keys_are_shown_at_work(browser: Browser) -> None:
    with running_http() as server, Wire(server.jobs.connect()) as wire:
        submit_accounts(server.jobs, wire)
        with Admin(server.jobs.address) as admin:
            admin.set_policy("sync", {"concurrency": 1, "rate": "50/1s"})
        with looking(browser, server, "/functions/sync") as page:
            limits = page.locator("#region-limits")
            expect(limits).to_contain_text("3 jobs of 3 that wait")
            expect(limits).to_contain_text("1 of 1 place taken")
            expect(limits).to_contain_text("of 50 in 1s")
            row = page.locator("tr", has_text="account-7")
            expect(row).to_contain_text("a place of its key")
            assert faults(page) == []
            page.get_by_role("link", name="2 flow keys").click()
            row = page.locator("tr", has_text="account-8")
            expect(row).to_contain_text("a place of the function")
            page.get_by_label("Find keys").fill("*7")
            page.get_by_role("button", name="Find").click()
            expect(page.locator("tbody tr")).to_have_count(1)
            page.get_by_role("link", name="Waiting").click()
            expect(page.locator("th[aria-sort=ascending]")).to_have_text("Waiting")
            assert faults(page) == []
            page.get_by_role("link", name="account-7").click()
            expect(page.locator("tbody tr")).to_have_count(3)
