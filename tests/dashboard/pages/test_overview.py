"""The overview: what is wrong, what to do about it, and how things went."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from geartrain.dashboard.needs import MENDING
from geartrain.engine.state.problems import NAMES
from tests.support.browser import looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury, run_next, submit, submit_later
from tests.support.populated import Populated, populated
from tests.support.wire import Wire

COVERS = ("dashboard/trends",)


def test_each_problem_says_where_it_is_mended() -> None:
    assert set(MENDING) >= set(NAMES)


def test_a_server_that_nobody_used_says_how_to_begin(
    browser: Browser, empty: HttpServer
) -> None:
    with looking(browser, empty) as page:
        expect(page.get_by_text("No function yet")).to_be_visible()
        expect(page.get_by_text("geartrain submit reverse hello")).to_be_visible()


def test_what_is_wrong_is_said_and_what_mends_it(
    browser: Browser, filled: Populated
) -> None:
    with looking(browser, filled.server) as page:
        needs = page.locator(".needs")
        expect(needs).to_contain_text("2 functions have waiting jobs and no worker")
        grave = needs.locator("li").first
        expect(grave).to_have_class("failed")
        expect(page.get_by_role("link", name="Overview")).to_contain_text("needing")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_dead_letters_are_run_again_after_a_question(
    browser: Browser, has_scripts: bool
) -> None:
    with running_http() as server:
        bury(server.jobs, b"mail.send", [b"1", b"2"], b"greylisted")
        with looking(browser, server, has_scripts=has_scripts) as page:
            page.get_by_role("button", name="Run them again").click()
            question = page.get_by_text("Run 2 dead letters of mail.send again?")
            expect(question).to_be_visible()
            page.get_by_text("Keep as it is").click()
            expect(question).to_be_hidden()
            page.get_by_role("button", name="Run them again").click()
            page.get_by_role("button", name="Run 2 dead letters again").click()
            expect(page.locator(".message")).to_contain_text(
                "2 dead letters of mail.send run"
            )
            expect(page.locator("#row-mail\\.send td").first).to_have_text("2")


def test_when_nothing_is_wrong_it_says_so(browser: Browser) -> None:
    with running_http() as server:
        submit(server.jobs, b"mail.send")
        with looking(browser, server) as page:
            expect(page.locator(".needs li")).to_have_count(1)
            server.ask("DELETE", "/v1/jobs?function=mail.send")
            expect(page.get_by_text("Nothing needs you.")).to_be_visible()


def test_what_there_was_follows_from_what_there_is(browser: Browser) -> None:
    with running_http() as server:
        for _ in range(3):
            submit(server.jobs, b"mail.send")
        submit_later(server.jobs, b"mail.send", 3600)
        bury(server.jobs, b"report.build", [b"1", b"2"], b"no route")
        cancelled = submit(server.jobs, b"thumbnail")
        server.ask("DELETE", f"/v1/jobs/{cancelled}")
        with Wire(server.jobs.connect()) as worker:
            run_next(worker, b"mail.send")
            with looking(browser, server) as page:
                figure = page.locator("#chart-jobs")
                # Before anything happened there was nothing.
                chart = json.loads(
                    figure.locator(".plot").get_attribute("data-chart") or ""
                )
                waiting, running = (each["values"] for each in chart["series"])
                assert (waiting[-1], running[-1]) == (3, 1)
                assert (waiting[0], running[0]) == (0, 0)
                assert [mark["label"] for mark in chart["marks"]] == ["started"]
                expect(figure).to_contain_text("at most 3 jobs waited")


def test_a_crash_is_told_of(browser: Browser, tmp_path: Path) -> None:
    flags = ("--store", str(tmp_path / "jobs.db"))
    with running_http(*flags) as server:
        submit(server.jobs, b"mail.send")
        server.jobs.process.kill()
        server.jobs.process.wait()
    with running_http(*flags) as server, looking(browser, server) as page:
        expect(page.locator(".needs")).to_contain_text("was killed or crashed")
        expect(page.locator(".needs")).to_contain_text("No worker")


def test_a_chart_is_drawn_and_can_be_read_as_a_table(
    browser: Browser, filled: Populated
) -> None:
    with looking(browser, filled.server) as page:
        expect(page.locator("#chart-ended canvas")).to_be_visible()
        page.locator("#chart-ended summary").click()
        expect(page.locator("#chart-ended tbody tr")).to_have_count(60)
        page.get_by_role("link", name="1 d", exact=True).click()
        page.locator("#chart-ended summary").click()
        expect(page.locator("#chart-ended tbody tr")).to_have_count(24)
        page.go_back()
        expect(page.get_by_role("link", name="1 h")).to_have_attribute(
            "aria-current", "true"
        )


def test_charts_are_in_the_time_zone_of_the_job_server(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 5 h 30 min ahead of UTC; who looks is 9 h ahead of it.
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    with (
        running_http() as server,
        populated(server),
        looking(browser, server, zone="Asia/Tokyo") as page,
    ):
        page.locator("#chart-ended summary").click()
        data = page.locator("#chart-ended .plot").get_attribute("data-chart") or ""
        last = json.loads(data)["times"][-1]
        there = time.strftime("%H:%M", time.gmtime(last + 19_800))
        expect(page.locator("#chart-ended tbody tr").last).to_contain_text(there)
