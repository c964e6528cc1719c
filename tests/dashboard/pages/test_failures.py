"""Dead letters on a page: in groups, filtered, chosen, run again and dropped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury
from tests.support.raw_workers import complain, worker

COVERS = ("dashboard/actions/dead",)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A job server with seven dead letters."""
    with running_http() as server:
        for work in (b"1", b"2", b"3"):
            bury(server.jobs, b"mail.send", [work], b"no route to 10.0.0." + work)
        bury(server.jobs, b"mail.send", [b"4"], b"mailbox full")
        bury(server.jobs, b"resize", [b"5", b"6"], b"Traceback\n  x\nOSError: gone")
        bury(server.jobs, b"resize", [b"7"])
        yield server


def handles(server: HttpServer) -> list[str]:
    return [row["handle"] for row in server.get("/v1/dead").json["items"]]


def letters(page: Page) -> list[str]:
    """Return the errors of the letters in the table."""
    rows = page.get_by_role("region", name="Dead letters").locator("tbody tr")
    return [row.locator("td").nth(2).inner_text() for row in rows.all()]


def test_what_fails_most_comes_first(browser: Browser, server: HttpServer) -> None:
    with looking(browser, server, "/failures") as page:
        rows = page.get_by_role("region", name="Kinds of failures").locator("tbody tr")
        expect(rows).to_have_count(4)
        expect(rows.first).to_contain_text("no route to #")
        expect(rows.first).to_contain_text("no route to 10.0.0.3")
        expect(rows.first.locator("td").first).to_have_text("3")
        expect(page.get_by_text("OSError: gone").first).to_be_visible()
        assert letters(page)[:2] == ["failed, and said nothing", "OSError: gone"]
        expect(page.get_by_role("link", name="Failures")).to_contain_text("7")


def test_foreground_jobs_that_failed_are_shown_too(browser: Browser) -> None:
    with running_http() as server, worker(server.jobs.connect, "reverse", complain):
        assert server.submit("reverse", b"x", "?wait=10").status == 502
        with looking(browser, server, "/failures") as page:
            rows = page.get_by_role("region", name="Failures without dead letters")
            expect(rows).to_contain_text("no such x")
            expect(page.get_by_text("No dead letter", exact=True)).to_be_hidden()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_kind_is_run_again_after_a_question(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    with looking(browser, server, "/failures", has_scripts=has_scripts) as page:
        row = page.get_by_role("row").filter(has_text="no route").first
        row.get_by_role("button", name="Run again").click()
        question = "Run 3 dead letters of mail.send with 'no route to #' again?"
        expect(page.get_by_text(question)).to_be_visible()
        page.get_by_role("button", name="Run 3 dead letters again").click()
        expect(page.locator(".message")).to_contain_text("3 dead letters of mail.send")
        expect(page.get_by_text("no route to 10.0.0.").first).to_be_hidden()
    assert len(handles(server)) == 4


def test_what_matches_is_shown_and_dropped(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/failures") as page:
        page.get_by_role("link", name="no route to #").click()
        expect(page.get_by_text("Of the kind no route to #")).to_be_visible()
        assert letters(page) == [f"no route to 10.0.0.{n}" for n in (3, 2, 1)]
        page.get_by_label("Error contains").fill("0.0.2")
        page.get_by_role("button", name="Filter").click()
        assert letters(page) == ["no route to 10.0.0.2"]
        page.get_by_label("Error contains").fill("")
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("button", name="Drop all that match").click()
        page.get_by_role("button", name="Drop 3 dead letters").click()
        expect(page.locator(".message")).to_contain_text("dropped")
        expect(page.get_by_text("No dead letter matches.")).to_be_visible()
        page.get_by_role("link", name="Show all").click()
        assert len(letters(page)) == 4
    assert len(handles(server)) == 4


@pytest.mark.parametrize("has_scripts", [True, False])
def test_those_chosen_are_run_again_or_dropped(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    first, second, *others = handles(server)
    with looking(browser, server, "/failures", has_scripts=has_scripts) as page:
        for handle in (first, second):
            page.get_by_label(f"Choose {handle}").check()
        # Somebody else is faster with one.
        server.ask("DELETE", f"/v1/dead/{second}")
        page.get_by_role("button", name="Drop the chosen").click()
        page.get_by_role("button", name="Drop 2 dead letters").click()
        expect(page.locator(".message")).to_contain_text(
            "1 dead letter (1 no longer there) dropped"
        )
        page.get_by_label(f"Choose {others[0]}").check()
        page.get_by_role("button", name="Run the chosen again").click()
        page.get_by_role("button", name="Run 1 dead letter again").click()
        expect(page.locator(".message")).to_contain_text("1 dead letter run again")
    assert handles(server) == others[1:]
    assert server.get(f"/v1/jobs/{others[0]}").json["state"] == "ready"


def test_nothing_chosen_is_said(browser: Browser, server: HttpServer) -> None:
    with looking(browser, server, "/failures") as page:
        page.get_by_role("button", name="Drop the chosen").click()
        expect(page.locator(".message")).to_contain_text("choose at least one")
    assert len(handles(server)) == 7


def test_a_new_one_appears_and_what_is_chosen_stays(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/failures") as page:
        box = page.get_by_label(f"Choose {handles(server)[0]}")
        box.check()
        bury(server.jobs, b"late", [b"8"], b"too late")
        expect(
            page.get_by_role("region", name="Dead letters").get_by_text("too late")
        ).to_be_visible(timeout=15_000)
        expect(box).to_be_checked()


def test_many_are_shown_in_slices(browser: Browser) -> None:
    with running_http() as server:
        bury(server.jobs, b"f", [b"%d" % n for n in range(120)], b"e")
        with looking(browser, server, "/failures") as page:
            assert len(letters(page)) == 50
            page.get_by_role("link", name="Next").click()
            page.get_by_role("link", name="Next").click()
            expect(page.locator("[aria-label='Dead letters'] tbody tr")).to_have_count(
                20
            )
