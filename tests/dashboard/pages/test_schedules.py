"""What comes when, on a page: run now, skipped, ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import schedule, submit_later

COVERS = ("dashboard/actions/schedules",)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A job server with a recurring job and three delayed ones."""
    with running_http() as server:
        schedule(server.jobs, b"report.build")
        for seconds in (3000, 1000, 2000):
            submit_later(server.jobs, b"invoice.remind", seconds)
        yield server


def jobs(server: HttpServer, function: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(f"/v1/jobs?function={function}").json[
        "items"
    ]
    return found


def test_what_comes_is_in_the_order_of_its_times(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/schedules") as page:
        recurring = page.get_by_role("region", name="Recurring jobs")
        expect(recurring).to_contain_text("30 7 * * mon")
        delayed = page.get_by_role("region", name="Delayed jobs").locator("tbody th")
        assert delayed.all_inner_texts() == ["in 16 min", "in 33 min", "in 49 min"]


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_recurring_job_is_run_now_skipped_and_ended(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    before = server.get("/v1/schedules").json["items"][0]["due"]
    with looking(browser, server, "/schedules", has_scripts=has_scripts) as page:
        row = page.get_by_role("region", name="Recurring jobs").locator("tbody tr")
        row.get_by_role("button", name="Run now").click()
        expect(page.locator(".message")).to_contain_text("report.build runs as soon as")
        assert len(jobs(server, "report.build")) == 1
        row.get_by_role("button", name="Skip next").click()
        expect(page.locator(".message")).to_contain_text("left out next time")
        assert server.get("/v1/schedules").json["items"][0]["due"] > before
        row.get_by_role("button", name="End").click()
        expect(page.get_by_text("End report.build?")).to_be_visible()
        page.get_by_role("button", name="End the recurring job").click()
        expect(page.get_by_text("No job recurs.")).to_be_visible()
    assert server.get("/v1/schedules").json["items"] == []


def test_a_delayed_job_is_run_now_or_cancelled(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/schedules") as page:
        rows = page.get_by_role("region", name="Delayed jobs").locator("tbody tr")
        rows.first.get_by_role("button", name="Run now").click()
        expect(rows).to_have_count(2)
        rows.first.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel the job").click()
        expect(rows).to_have_count(1)
    states = [row["state"] for row in jobs(server, "invoice.remind")]
    assert sorted(states) == ["ready", "scheduled"]


@pytest.mark.parametrize(
    ("button", "confirm", "states"),
    [
        ("Run all now", "Run 3 jobs now", ["ready"] * 3),
        ("Cancel all", "Cancel 3 jobs", []),
    ],
)
def test_all_of_a_function_are_run_or_cancelled(
    browser: Browser, server: HttpServer, button: str, confirm: str, states: list[str]
) -> None:
    with looking(browser, server, "/schedules") as page:
        page.get_by_label("Function").fill("invoice.remind")
        page.get_by_role("button", name="Filter").click()
        expect(page.get_by_text("has no recurring job")).to_be_visible()
        page.get_by_role("button", name=button).click()
        page.get_by_role("button", name=confirm).click()
        expect(page.get_by_text("No job of invoice.remind waits")).to_be_visible()
    assert [row["state"] for row in jobs(server, "invoice.remind")] == states


def test_a_function_that_is_not_there_has_nothing(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/schedules?function=nothing") as page:
        expect(page.get_by_text("nothing has no recurring job")).to_be_visible()
        expect(page.get_by_text("No job of nothing waits")).to_be_visible()
