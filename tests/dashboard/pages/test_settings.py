"""What the job server was told, on a page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from geartrain.admin import Admin
from tests.support.browser import looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury

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


def test_what_became_of_messages_to_hooks_is_told(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "geartrain.toml"
    hook = '[[hooks]]\non = "dead_letter"\ncommand = '
    file.write_text(f"{hook}['true']\n{hook}['sh', '-c', 'echo no room >&2; exit 3']\n")
    with running_http("--config", str(file)) as server:
        bury(server.jobs, b"mail", [b"1", b"2"])
        with looking(browser, server, "/settings") as page:
            rows = page.get_by_role("region", name="Hooks").locator("tbody tr")
            expect(rows.first).to_contain_text("delivered", timeout=15_000)
            expect(rows.first).to_contain_text("2 dead letters")
            expect(rows.last).to_contain_text("exit status 3: no room")
        with Admin(server.jobs.address) as admin:
            told, _ = admin.hooks()
        assert (told.hook, told.on) == ("true", ("dead_letter",))
        assert server.get("/v1/hooks").json["items"][0]["latest"][0]["time"]


def test_how_durable_jobs_are_is_said_in_words(browser: Browser) -> None:
    with (
        running_http() as server,
        looking(browser, server, "/settings") as page,
    ):
        expect(page.locator("main")).to_contain_text("Jobs are in memory alone")


def test_the_options_are_a_list_of_the_api(empty: HttpServer) -> None:
    items = empty.get("/v1/server/options").json["items"]
    assert {"option": "compat", "value": "2.0", "source": "default"} in items
