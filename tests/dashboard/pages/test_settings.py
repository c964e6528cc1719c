"""What the job server was told, on a page."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from geartrain.admin import Admin
from tests.support.browser import looking
from tests.support.http_client import HttpServer, running_http

HOSTILE = "<img src=x onerror=alert(1)>"


def test_options_policies_and_what_operators_did_are_there(browser: Browser) -> None:
    with running_http() as server:
        with Admin(server.jobs.address) as admin:
            admin.pause(HOSTILE)
        with looking(browser, server, "/settings") as page:
            given = page.get_by_role("region", name="Options that were given")
            expect(given.get_by_role("row", name="store")).to_contain_text("--store")
            page.locator("summary").click()
            every = page.get_by_role("region", name="All options")
            expect(every.get_by_role("row", name="durability")).to_contain_text(
                "default"
            )
            policies = page.get_by_role("region", name="Policies")
            expect(policies).to_contain_text(HOSTILE)
            expect(policies).to_contain_text("paused=true")
            expect(policies).to_contain_text("an operator")
            did = page.get_by_role("region", name="What operators did")
            expect(did).to_contain_text("pause")


def test_how_durable_jobs_are_is_said_in_words(browser: Browser) -> None:
    with (
        running_http() as server,
        looking(browser, server, "/settings") as page,
    ):
        expect(page.locator("main")).to_contain_text("Jobs are in memory alone")


def test_the_options_are_a_list_of_the_api(empty: HttpServer) -> None:
    items = empty.get("/v1/server/options").json["items"]
    assert {"option": "compat", "value": "2.0", "source": "default"} in items
