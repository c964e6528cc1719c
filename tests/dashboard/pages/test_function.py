"""One function: what is shown of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import faults, looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury, submit, submit_later
from tests.support.peers import Peers
from tests.support.php_scripts import php_worker
from tests.support.populated import HOSTILE
from tests.support.wire import Wire

COVERS = (
    "dashboard/actions/functions",
    "dashboard/actions/policies",
)


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    """A job server of which each test has functions of its own."""
    with running_http() as server:
        yield server


def waiting(server: HttpServer, name: str) -> int:
    """Return how many jobs of a function wait."""
    found: int = server.get(f"/v1/functions/{name}").json["normal"]
    return found


def unfold(page: Page, group: str) -> None:
    """Show the settings of a group, if they are not yet shown."""
    details = page.locator("details.group", has=page.get_by_role("heading", name=group))
    if details.get_attribute("open") is None:
        details.locator("> summary").click()


def say(page: Page, text: str) -> None:
    """Expect the message that the page shows after an action."""
    expect(page.locator(".message")).to_contain_text(text)


def test_it_tells_how_it_stands_live(browser: Browser, server: HttpServer) -> None:
    submit(server.jobs, b"resize")
    with looking(browser, server, "/functions/resize") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("resize")
        expect(page.get_by_text("no worker that is connected can run")).to_be_visible()
        expect(page.get_by_text("geartrain worker --exec resize=cat")).to_be_visible()
        with Wire(server.jobs.connect()) as worker:
            worker.register(b"resize")
            expect(page.get_by_text("Jobs wait for a worker")).to_be_visible()
            handle = worker.grab()[0].decode()
            expect(page.get_by_role("link", name=handle)).to_be_visible()
            expect(page.locator("#region-workers tbody tr")).to_have_count(1)
            assert faults(page) == []


def test_a_php_worker_is_shown_at_work(
    browser: Browser, server: HttpServer, tmp_path: Path
) -> None:
    peers = Peers(server=server.jobs, folder=tmp_path)
    try:
        php_worker(peers, "reverse")
        with looking(browser, server, "/functions/reverse") as page:
            for word in (b"abc", b"def"):
                submit(server.jobs, b"reverse", word)
            row = page.locator("#region-workers tbody tr")
            expect(row.locator("td").nth(2)).to_have_text("2")
            expect(page.locator(".state").first).to_have_text("ready")
    finally:
        peers.stop()


def test_what_went_wrong_is_grouped_by_its_error(
    browser: Browser, server: HttpServer
) -> None:
    bury(server.jobs, b"mail", [b"1", b"2"], b"451 greylisted\nat line 7")
    bury(server.jobs, b"mail", [b"3"], b"550 no such user")
    with looking(browser, server, "/functions/mail") as page:
        rows = page.locator("#region-failures tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("451 greylisted")
        expect(rows.first.locator("td").first).to_have_text("2")


def test_it_is_paused_after_a_question_and_resumed(
    browser: Browser, server: HttpServer
) -> None:
    for _ in range(3):
        submit(server.jobs, b"crop")
    with looking(browser, server, "/functions/crop") as page:
        page.get_by_role("button", name="Pause crop").click()
        expect(page.get_by_role("dialog")).to_contain_text("3 jobs wait")
        page.get_by_role("button", name="Pause it").click()
        say(page, "crop is paused")
        expect(page.locator(".state").first).to_have_text("paused")
        assert server.get("/v1/functions/crop").json["paused"]
        page.get_by_role("button", name="Resume crop").click()
        say(page, "crop runs again")
        page.get_by_role("button", name="Drain crop").click()
        expect(page.get_by_role("dialog")).to_contain_text("3 jobs that are there")
        page.get_by_role("button", name="Drain it").click()
        say(page, "takes no new jobs")
        assert server.get("/v1/functions/crop").json["draining"]


@pytest.mark.parametrize("has_scripts", [True, False])
def test_what_waits_is_moved_and_cancelled_by_count(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    for _ in range(4):
        submit(server.jobs, b"rotate")
    submit_later(server.jobs, b"rotate", 900)
    path = "/functions/rotate"
    with looking(browser, server, path, has_scripts=has_scripts) as page:
        page.get_by_placeholder("another function").fill("other one")
        page.get_by_role("button", name="Move them there").click()
        question = page.get_by_text("Move 4 waiting jobs of rotate to other one?")
        expect(question).to_be_visible()
        page.get_by_role("button", name="Move 4 waiting jobs").click()
        say(page, "4 waiting jobs of rotate moved to other one.")
        assert waiting(server, "other%20one") == 4
        page.goto("/functions/other%20one")
        page.get_by_role("button", name="Cancel waiting jobs").click()
        page.get_by_role("button", name="Cancel 4 waiting jobs").click()
        say(page, "4 waiting jobs of other one cancelled.")
        assert waiting(server, "other%20one") == 0


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_setting_is_changed_and_taken_back(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    name = "sharpen" if has_scripts else "soften"
    submit(server.jobs, name.encode())
    path = f"/functions/{name}"
    with looking(browser, server, path, has_scripts=has_scripts) as page:
        row = page.locator("#setting-max_attempts")
        expect(row).to_contain_text("default")
        expect(row).to_be_hidden()
        unfold(page, "Attempts")
        row.locator("summary").click()
        row.get_by_role("textbox").fill("3")
        row.get_by_role("button", name="Save").click()
        say(page, f"max_attempts of {name} is 3 now.")
        expect(row).to_contain_text("changed here")
        policy = server.get(f"/v1/functions/{name}/policy").json
        assert policy["max_attempts"] == 3
        if not has_scripts:
            row.locator("summary").click()
        row.get_by_role("textbox").fill("many")
        row.get_by_role("button", name="Save").click()
        expect(page.locator(".message")).to_contain_text(
            "max_attempts cannot be 'many'"
        )
        if not has_scripts:
            row.locator("summary").click()
        row.get_by_role("button", name="Reset").click()
        say(page, f"max_attempts of {name} is as it was before.")
        expect(row).to_contain_text("default")
        choice = page.locator("#setting-dead_letter")
        unfold(page, "What is kept")
        choice.locator("summary").click()
        choice.get_by_role("combobox").select_option("false")
        choice.get_by_role("button", name="Save").click()
        say(page, f"dead_letter of {name} is false now.")


def test_a_setting_is_found_by_a_part_of_its_name_or_meaning(
    browser: Browser, server: HttpServer
) -> None:
    submit(server.jobs, b"blur")
    with looking(browser, server, "/functions/blur") as page:
        shown = page.locator(".group tbody tr:visible")
        expect(shown).to_have_count(0)
        find = page.get_by_role("searchbox", name="Find a setting")
        find.fill("TTL")
        expect(shown).to_have_count(3)
        expect(page.locator("#setting-result_ttl")).to_be_visible()
        find.fill("how long an attempt")
        expect(shown).to_have_count(1)
        shown.locator("summary").click()
        shown.get_by_role("textbox").fill("60")
        shown.get_by_role("button", name="Save").click()
        say(page, "timeout of blur is 60 now.")
        expect(shown).to_have_count(1)
        expect(shown).to_contain_text("changed here")
        find.fill("no such setting")
        expect(page.get_by_text("No setting has this in its name")).to_be_visible()
        find.fill("")
        # What is set stays in sight.
        page.reload()
        expect(page.locator("#setting-timeout")).to_be_visible()
        expect(page.locator("#setting-max_attempts")).to_be_hidden()
        assert faults(page) == []


def test_a_glob_s_setting_says_where_it_is_from(
    browser: Browser, server: HttpServer
) -> None:
    submit(server.jobs, b"mail.send")
    policy = '{"timeout": 90}'
    kind = {"Content-Type": "application/json"}
    assert server.ask("PATCH", "/v1/policies/mail.*", policy, kind).status == 204
    with looking(browser, server, "/functions/mail.send") as page:
        row = page.locator("#setting-timeout")
        expect(row).to_contain_text("1 min 30 s")
        expect(row).to_contain_text("changed here, for mail.*")
        row.locator("summary").click()
        expect(row.get_by_role("button", name="Reset")).to_have_count(0)


def test_a_hostile_name_is_shown_and_acted_on(browser: Browser) -> None:
    # Not every test beside it reads names that are no text.
    with running_http() as server:
        submit(server.jobs, HOSTILE)
        with looking(browser, server, f"/functions/{quote(HOSTILE)}") as page:
            expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
            page.get_by_role("button", name="Cancel waiting jobs").click()
            page.get_by_role("button", name="Cancel 1 waiting job").click()
            say(page, "1 waiting job of <img src=x")
            assert page.title() != "1"


def test_a_function_that_was_never_there_is_not_found(server: HttpServer) -> None:
    reply = server.get("/functions/never")
    assert reply.status == 404
    assert b"no such function" in reply.body.lower()
