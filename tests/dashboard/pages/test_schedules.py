"""What comes when, on a page: run now, skipped, ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import schedule, submit_later

COVERS = ("dashboard/actions/schedules", "dashboard/pages/schedule")


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
        assert delayed.all_inner_texts() == [
            f"in {minutes}\xa0min" for minutes in (16, 33, 49)
        ]


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_schedule_is_run_now_skipped_paused_and_removed(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    before = server.get("/v1/schedules").json["items"][0]["next"]
    with looking(browser, server, "/schedules", has_scripts=has_scripts) as page:
        row = page.get_by_role("region", name="Recurring jobs").locator("tbody tr")
        row.get_by_role("button", name="Run now").click()
        expect(page.locator(".message")).to_contain_text("report.build runs as soon as")
        assert len(jobs(server, "report.build")) == 1
        row.get_by_role("button", name="Skip next").click()
        expect(page.locator(".message")).to_contain_text("left out next time")
        assert server.get("/v1/schedules").json["items"][0]["next"] > before
        row.get_by_role("button", name="Pause").click()
        expect(row).to_contain_text("paused")
        row.get_by_role("button", name="Resume").click()
        expect(page.locator(".message")).to_contain_text("goes on")
        row.get_by_role("link").first.click()
        expect(page.get_by_role("region", name="Last times")).to_contain_text("skipped")
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Remove the schedule").click()
        expect(page.get_by_text("No job recurs.")).to_be_visible()
    assert server.get("/v1/schedules").json["items"] == []


def test_a_schedule_is_added_and_changed(browser: Browser, server: HttpServer) -> None:
    with looking(browser, server, "/schedules") as page:
        page.get_by_text("Add a recurring job").click()
        form = page.locator("#add-schedule")
        form.get_by_label("Name", exact=True).fill("nightly")
        form.get_by_label("Function").fill("report")
        form.get_by_label("Cron").fill("0 3 * * mon-fri")
        form.get_by_label("Time zone").fill("Europe/Vienna")
        form.get_by_label("Workload").fill("all\nof it")
        form.get_by_role("button", name="Add").click()
        expect(page.get_by_role("heading", name="nightly")).to_be_visible()
        page.get_by_text("Change", exact=True).click()
        page.get_by_label("Cron").fill("")
        page.get_by_label("Or every").fill("20m")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".message")).to_contain_text("has changed: cron, every")
    shown = server.get("/v1/schedules/nightly").json
    assert (shown["every"], shown["workload"]) == (1200, "all\nof it")


def test_what_is_wrong_with_a_schedule_is_said(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/schedules") as page:
        page.get_by_text("Add a recurring job").click()
        form = page.locator("#add-schedule")
        form.get_by_label("Name", exact=True).fill("wrong")
        form.get_by_label("Function").fill("report")
        form.get_by_label("Cron").fill("61 * * * *")
        form.get_by_role("button", name="Add").click()
        expect(page.get_by_text("Bad minute")).to_be_visible()


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
        ("Run all now", "Run 3 delayed jobs now", ["ready"] * 3),
        ("Cancel all", "Cancel 3 delayed jobs", []),
    ],
)
def test_all_of_a_function_are_run_or_cancelled(
    browser: Browser, server: HttpServer, button: str, confirm: str, states: list[str]
) -> None:
    with looking(browser, server, "/schedules") as page:
        page.get_by_role("search").get_by_label("Function").fill("invoice.remind")
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
