"""Batches on their pages: counted, found by a search, cancelled."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from geartrain.client import Client, PlannedJob
from tests.support.browser import looking
from tests.support.http_client import running_http

COVERS = (
    "dashboard/actions/batches",
    "dashboard/pages/batch",
)


@pytest.mark.slow
def test_a_batch_is_seen_found_and_cancelled(browser: Browser) -> None:
    with running_http() as server:
        with Client(server.jobs.address) as client:
            jobs = [PlannedJob("mail.send", b"w")] * 3
            client.group(*jobs, batch="news & <b>more</b>")
            waits = client.do_background("report", after="batch:news & <b>more</b>")
        with looking(browser, server, "/batches") as page:
            expect(page.get_by_role("region", name="Batches")).to_contain_text("0 of 3")
            page.get_by_role("link", name="news & <b>more</b>").click()
            expect(page.locator("main")).to_contain_text("0 of 3 jobs ended")
            expect(page.get_by_role("link", name=waits)).to_be_visible()
            page.get_by_role("link", name=waits).click()
            expect(page.locator(".facts")).to_contain_text("blocked")
            expect(page.locator(".why")).to_contain_text("waits for")
            page.go_back()
            page.get_by_role("link", name="3", exact=True).click()
            expect(page.locator("tbody tr")).to_have_count(3)
            page.go_back()
            page.get_by_role("button", name="Cancel what is left").click()
            page.get_by_role("button", name="Cancel 3 jobs").click()
            expect(page.locator(".message")).to_contain_text("3 jobs of the batch")
            expect(page.locator("main")).to_contain_text("3 of 3 jobs ended")


def test_names_of_any_bytes_and_the_last_of_times_are_shown() -> None:
    with running_http() as server, Client(server.jobs.address) as client:
        client.do_background("mail.send", b"w", batch=b"\xff\x1b")
        client.do_background("mail.send", b"w", at=253402300799)
        for path, text in (
            ("/batches", "\\xff\\x1b"),
            ("/batches/%FF%1B", "/jobs?q=batch:%FF%1B"),
            ("/jobs", "9999-12-31"),
        ):
            reply = server.get(path, accept="text/html")
            assert reply.status == 200
            assert text in reply.body.decode(), path
