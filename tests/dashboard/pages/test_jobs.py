"""Jobs are searched, listed in slices, and changed together after a count."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import PHONE, faults, looking, updated
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury, submit, submit_later, submit_many
from tests.support.populated import HOSTILE, Populated
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import running_geartrain

COVERS = ("dashboard/actions/jobs",)


def found(page: Page) -> list[str]:
    """Return the handles that are listed."""
    return page.locator("tbody th a").all_inner_texts()


def at(text: str) -> str:
    return f"/jobs?q={quote(text)}"


@pytest.mark.parametrize("has_scripts", [True, False])
def test_jobs_are_found_by_qualifiers(
    browser: Browser, filled: Populated, has_scripts: bool
) -> None:
    with looking(browser, filled.server, "/jobs", has_scripts=has_scripts) as page:
        expect(page.locator("tbody tr")).to_have_count(4)
        page.get_by_role("searchbox").or_(page.get_by_role("combobox")).fill(
            'state:dead error:"Greylisted"'
        )
        page.get_by_role("button", name="Search").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody")).to_contain_text("451 greylisted, try again")
        page.get_by_role("link", name="Delayed").click()
        expect(page.locator("tbody")).to_contain_text("order.close")
        page.go_back()
        expect(page.locator("tbody")).to_contain_text("451 greylisted")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("picture-7", "thumbnail"),
        ("no such job", "one handle or unique is looked for at a time"),
        ("nobody", "No job has the handle or unique nobody."),
        ("state:odd", "state:odd is none: it is running"),
        ("function:nobody", "No job is like that now."),
        ('error:"\U0001f4a9', "No job is like that now."),
    ],
)
def test_whatever_is_typed_is_answered(
    browser: Browser, filled: Populated, text: str, said: str
) -> None:
    with looking(browser, filled.server, at(text)) as page:
        expect(page.get_by_role("main")).to_contain_text(said)
        updated(page)
        expect(page.get_by_role("main")).to_contain_text(said)


def test_a_hostile_unique_is_found_and_shown(
    browser: Browser, filled: Populated
) -> None:
    text = (
        "unique:"
        + '"'
        + HOSTILE.decode("utf-8", "surrogateescape").replace('"', r"\"")
        + '"'
    )
    path = "/jobs?q=" + quote(text, errors="surrogateescape")
    with looking(browser, filled.server, path) as page:
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody")).to_contain_text('<img src=x onerror="document.')


def test_qualifiers_are_completed_by_keyboard(
    browser: Browser, filled: Populated
) -> None:
    with looking(browser, filled.server, "/jobs") as page:
        field = page.get_by_role("combobox", name="Search jobs")
        field.focus()
        page.keyboard.type("fun")
        expect(page.get_by_role("option")).to_have_count(1)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(field).to_have_value("function:")
        page.keyboard.type("thumb")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        expect(field).to_have_value("function:thumbnail ")
        page.keyboard.type("state:wa")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(1)
        assert "state" in page.url


@pytest.mark.parametrize("has_scripts", [True, False])
def test_all_that_are_found_are_cancelled_after_a_count(
    browser: Browser, has_scripts: bool
) -> None:
    with running_http() as server:
        submit_many(server.jobs, b"mail.send", [b"w"] * 7)
        submit(server.jobs, b"other")
        path = at("function:mail.*")
        with looking(browser, server, path, has_scripts=has_scripts) as page:
            page.get_by_text("Change all of these").click()
            page.get_by_role("button", name="Cancel all").click()
            expect(page.get_by_text("Cancel 7 jobs?")).to_be_visible()
            submit(server.jobs, b"mail.receive")
            page.get_by_role("button", name="Cancel 7 jobs").click()
            expect(page.locator(".message")).to_contain_text("8 jobs cancelled.")
            expect(page.get_by_role("main")).to_contain_text("No job is like that now.")
        left = server.get("/v1/jobs").json["items"]
        assert [row["function"] for row in left] == ["other"]
        told = server.get("/v1/actions").json["items"][0]
        assert (told["command"], told["count"]) == ("cancel jobs", 8)


def test_what_waits_is_moved_given_a_priority_and_run(browser: Browser) -> None:
    with running_http() as server:
        submit_later(server.jobs, b"order.close", 3600)
        with looking(browser, server, at("function:order.close")) as page:
            page.get_by_text("Change all of these").click()
            page.get_by_label("Priority").select_option("high")
            page.get_by_role("button", name="Set priority").click()
            page.get_by_role("button", name="Give 1 job high priority").click()
            expect(page.locator(".message")).to_contain_text(
                "1 job given high priority"
            )
            expect(page.locator("tbody")).to_contain_text("high")
            page.get_by_role("button", name="Run all now").click()
            page.get_by_role("button", name="Run 1 job now").click()
            expect(page.locator("tbody")).to_contain_text("waiting")
            page.get_by_label("Function to move to").fill("order.close.2")
            page.get_by_role("button", name="Move all").click()
            page.get_by_role("button", name="Move 1 job").click()
            expect(page.get_by_role("main")).to_contain_text("No job is like that now.")
        (left,) = server.get("/v1/jobs").json["items"]
        assert (left["function"], left["priority"]) == ("order.close.2", "high")


def test_dead_letters_that_are_found_are_run_again(browser: Browser) -> None:
    with running_http() as server:
        bury(server.jobs, b"mail", [b"1", b"2"], b"greylisted")
        bury(server.jobs, b"mail", [b"3"], b"no such user")
        with looking(browser, server, at("state:dead error:greylisted")) as page:
            page.get_by_text("Change all of these").click()
            page.get_by_role("button", name="Run them again").click()
            page.get_by_role("button", name="Run 2 dead letters again").click()
            expect(page.locator(".message")).to_contain_text("2 dead letters")
        assert len(server.get("/v1/dead").json["items"]) == 1


def test_slices_are_gone_through_and_back(browser: Browser) -> None:
    with running_http() as server:
        handles = submit_many(server.jobs, b"f", [b"w"] * 120)
        with looking(browser, server, "/jobs") as page:
            assert found(page) == handles[:50]
            page.get_by_role("link", name="Next").click()
            expect(page.locator("tbody th").first).to_contain_text(handles[50])
            updated(page)
            assert found(page) == handles[50:100]
            page.get_by_role("link", name="Next").click()
            expect(page.locator("tbody tr")).to_have_count(20)
            page.go_back()
            expect(page.locator("tbody th").first).to_contain_text(handles[50])
            page.get_by_role("link", name="First").click()
            expect(page.locator("tbody th").first).to_contain_text(handles[0])


def test_a_list_follows_what_happens(browser: Browser, empty: HttpServer) -> None:
    with looking(browser, empty, "/jobs") as page:
        expect(page.get_by_role("main")).to_contain_text("No job waits or runs.")
        handle = submit(empty.jobs, b"f")
        expect(page.locator("tbody th")).to_contain_text(handle)
        empty.ask("DELETE", f"/v1/jobs/{handle}")
        expect(page.get_by_role("main")).to_contain_text("No job waits or runs.")


def test_jobs_of_all_on_one_store_tell_whose_they_are(
    browser: Browser, database: PostgresqlServer
) -> None:
    store = ("--store", database.url())
    with (
        running_http(*store, "--node-name", "one") as server,
        running_geartrain(*store, "--node-name", "other") as other,
        looking(browser, server, at("function:whose")) as page,
    ):
        here = submit(server.jobs, b"whose")
        there = submit(other, b"whose")
        (dead,) = bury(other, b"buried", [b"w"])
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(2, timeout=15_000)
        server_of = '[data-label="Job server"]'
        for handle, name in ((here, "this one"), (there, "other")):
            cell = rows.filter(has_text=handle).locator(server_of)
            expect(cell).to_have_text(name)
        assert faults(page) == []
        rows.get_by_role("link", name=there).click()
        expect(page.get_by_text("at the job server other")).to_be_visible()
        page.goto("/failures?function=buried")
        letter = page.locator("tbody tr", has_text=dead).last
        expect(letter.locator(server_of)).to_have_text("other")
        page.set_viewport_size({"width": PHONE, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
