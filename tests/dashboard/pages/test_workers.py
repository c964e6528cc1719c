"""Who is connected: workers, clients and worker processes, with what each has done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from geartrain.protocol.constants import PacketType
from tests.support.browser import PHONE, faults, looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import submit
from tests.support.peers import Peers
from tests.support.php_scripts import php_worker
from tests.support.populated import HOSTILE
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import running_geartrain
from tests.support.supervised import running_workers, write_tasks
from tests.support.wire import Wire


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with running_http() as server:
        yield server


def test_without_any_it_says_how_to_start_one(
    browser: Browser, empty: HttpServer
) -> None:
    with looking(browser, empty, "/workers") as page:
        expect(page.get_by_text("geartrain worker --exec reverse=rev")).to_be_visible()
        page.get_by_role("link", name="Processes").click()
        expect(page.get_by_text("No process tells of itself")).to_be_visible()
        page.get_by_role("link", name="Clients").click()
        expect(page.get_by_text("There is none.")).to_be_visible()


def test_a_worker_is_shown_with_what_it_does(
    browser: Browser, server: HttpServer
) -> None:
    with Wire(server.jobs.connect()) as worker:
        worker.send(PacketType.SET_CLIENT_ID, HOSTILE)
        worker.register(b"resize")
        worker.register(b"crop")
        submit(server.jobs, b"resize")
        with looking(browser, server, "/workers") as page:
            row = page.locator("tbody tr", has_text="<img src=x")
            expect(row.get_by_role("link", name="crop")).to_be_visible()
            expect(row).to_contain_text("nothing")
            handle = worker.grab()[0]
            expect(row.get_by_role("link", name=handle.decode())).to_be_visible()
            worker.send(PacketType.WORK_COMPLETE, handle, b"")
            expect(row.locator("td").nth(2)).to_have_text("1")
            row.get_by_role("link", name="crop").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("crop")
            page.get_by_role("link", name="on 1 worker").click()
            expect(page.get_by_text("Those that serve crop")).to_be_visible()
            expect(page.locator("tbody tr")).to_have_count(1)


def test_php_and_python_workers_are_told_apart(
    browser: Browser, server: HttpServer, tmp_path: Path
) -> None:
    write_tasks(tmp_path)
    peers = Peers(server=server.jobs, folder=tmp_path)
    try:
        php_worker(peers, "title")
        with (
            running_workers(tmp_path, server.jobs, "tasks"),
            looking(browser, server, "/workers") as page,
        ):
            php = page.locator("tbody tr", has_text="title")
            python = page.locator("tbody tr", has_text="nap")
            expect(php.locator("td").last).to_have_text("Gearman")
            expect(python.locator("td").last).to_have_text("Geartrain")
            assert faults(page) == []
    finally:
        peers.stop()


def test_processes_are_shown_until_they_end(
    browser: Browser, server: HttpServer, tmp_path: Path
) -> None:
    write_tasks(tmp_path)
    with looking(browser, server, "/workers?show=process") as page:
        with running_workers(tmp_path, server.jobs, "tasks", "--processes", "2"):
            rows = page.locator("tbody tr")
            expect(rows).to_have_count(2)
            expect(rows.first).to_contain_text("working", timeout=20_000)
            expect(rows.first).to_contain_text("MB")
            assert faults(page) == []
        expect(rows).to_have_count(0, timeout=20_000)


def test_a_client_tells_what_it_submitted(browser: Browser, server: HttpServer) -> None:
    with Wire(server.jobs.connect()) as client:
        for _ in range(3):
            client.submit(b"resize", b"w")
        with looking(browser, server, "/workers?show=client", width=PHONE) as page:
            expect(page.locator("tbody tr")).to_contain_text("Gearman")
            expect(page.locator("tbody td").nth(1)).to_have_text("3")


def test_many_come_in_pages_and_are_found(browser: Browser) -> None:
    with running_http() as server:
        wires = [Wire(server.jobs.connect()) for _ in range(60)]
        try:
            for number, wire in enumerate(wires):
                wire.send(PacketType.SET_CLIENT_ID, b"worker-%02d" % number)
                wire.register(b"resize")
                assert wire.echoes()
            with looking(browser, server, "/workers?sort=id") as page:
                expect(page.locator("tbody tr")).to_have_count(50)
                page.get_by_role("link", name="Next").click()
                expect(page.locator("tbody tr")).to_have_count(10)
                page.get_by_label("Find connections").fill("r-07")
                page.keyboard.press("Enter")
                expect(page.locator("tbody th")).to_contain_text("worker-07")
        finally:
            for wire in wires:
                wire.close()


LIMITS = """
[access.web]
address = "loopback"
submit = "*"
administer = "*"
max_jobs = 3
max_submissions = 50
"""


def test_owners_are_shown_with_their_limits(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "geartrain.toml").write_text(LIMITS)
    with running_http("--config", str(tmp_path / "geartrain.toml")) as server:
        path = "/workers?show=owner"
        with looking(browser, server, path) as page:
            row = page.locator("tbody tr")
            expect(row).to_contain_text("0 of 3")
            for _ in range(3):
                submit(server.jobs, b"resize")
            expect(row).to_contain_text("full")
            assert faults(page) == []
            row.get_by_role("link", name="3").click()
            expect(page.get_by_label("Search jobs")).to_have_value("owner:web")
            expect(page.locator("tbody tr")).to_have_count(3)
        with looking(browser, server, path, width=PHONE) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_workers_of_all_on_one_store_tell_whose_they_are(
    browser: Browser, database: PostgresqlServer
) -> None:
    store = ("--store", database.url())
    with (
        running_http(*store, "--node-name", "one") as server,
        running_geartrain(*store, "--node-name", "other") as other,
        Wire(server.jobs.connect()) as here,
        Wire(other.connect()) as there,
        looking(browser, server, "/workers?match=own-") as page,
    ):
        for wire, name in ((here, b"own-a"), (there, b"own-b")):
            wire.send(PacketType.SET_CLIENT_ID, name)
            wire.register(b"resize")
            wire.submit(b"crop", b"w")
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(2, timeout=15_000)
        connected_to = '[data-label="Job server"]'
        asked = rows.filter(has_text="own-a").locator(connected_to)
        expect(asked).to_have_text("this one")
        expect(rows.filter(has_text="own-b").locator(connected_to)).to_have_text(
            "other"
        )
        ids = rows.evaluate_all("all => all.map(each => each.id)")
        assert len(set(ids)) == 2
        assert faults(page) == []
        page.set_viewport_size({"width": PHONE, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        # Who works for the other is no worker of this one, and one column is enough.
        page.goto("/workers?show=other&match=none")
        expect(page.locator(connected_to)).to_have_count(0)
