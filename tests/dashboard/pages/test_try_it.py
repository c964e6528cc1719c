"""A job is submitted from the page, in the foreground or the background, or a file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from geartrain.protocol.constants import PacketType
from tests.support.browser import looking
from tests.support.http_client import HttpServer, running_http
from tests.support.wire import Wire

COVERS = ("dashboard/actions/submissions", "dashboard/trials")


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    """A job server; no test leaves anything on it that runs."""
    with running_http() as server:
        yield server


@contextmanager
def serving(server: HttpServer, function: bytes) -> Iterator[Wire]:
    with Wire(server.jobs.connect()) as worker:
        worker.send(PacketType.CAN_DO, function)
        assert worker.echoes()
        yield worker


def grab(worker: Wire) -> tuple[bytes, bytes]:
    """Run the next job; return its handle and its workload."""
    worker.send(PacketType.GRAB_JOB)
    handle, _, workload = worker.expect(PacketType.JOB_ASSIGN, 3)
    return handle, workload


def fill(page: Page, function: str, workload: str) -> None:
    page.get_by_label("Function").fill(function)
    page.get_by_label("Workload").fill(workload)


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_result_is_waited_for_and_shown(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    with (
        serving(server, b"reverse") as worker,
        looking(browser, server, "/try", has_scripts=has_scripts) as page,
    ):
        fill(page, "reverse", "größe\n<b>2")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".trial")).to_contain_text("waiting")
        handle, workload = grab(worker)
        assert workload == "größe\n<b>2".encode()
        worker.send(PacketType.WORK_STATUS, handle, b"1", b"4")
        worker.send(PacketType.WORK_DATA, handle, b"half\n")
        worker.send(PacketType.WORK_WARNING, handle, b"<i>careful</i>")
        if has_scripts:
            expect(page.get_by_role("progressbar")).to_have_text("25 %")
            expect(page.locator("#data")).to_have_text("half\n")
            expect(page.get_by_text("<i>careful</i>")).to_be_visible()
        worker.send(PacketType.WORK_COMPLETE, handle, b">2<b\nezorg")
        assert worker.echoes()
        if not has_scripts:
            page.reload()
        expect(page.locator("#result")).to_have_text(">2<b\nezorg")
        page.locator(".trial").get_by_role("link").click()
        expect(page.locator(".facts")).to_contain_text("succeeded")


def test_a_failure_is_shown(browser: Browser, server: HttpServer) -> None:
    with (
        serving(server, b"f") as worker,
        looking(browser, server, "/try?function=f") as page,
    ):
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".trial")).to_contain_text("waiting")
        handle, workload = grab(worker)
        assert workload == b""
        worker.send(PacketType.WORK_EXCEPTION, handle, b"<b>no space</b>\nat 3")
        expect(page.locator(".trial")).to_contain_text("failed")
        expect(page.locator(".trial pre")).to_have_text("<b>no space</b>\nat 3")


def test_a_job_in_the_background_leads_to_its_page(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/try") as page:
        fill(page, "mail/ä", "to ann")
        page.get_by_role("radio", name="In the background").check()
        page.get_by_text("Unique, priority, delay").click()
        page.get_by_label("Unique", exact=True).fill("ann 1")
        page.get_by_label("Delay").fill("3600")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".message")).to_contain_text("is submitted to mail/ä")
        expect(page.locator("h1")).to_have_text("mail/ä")
        expect(page.locator(".facts")).to_contain_text("delayed")
        expect(page.locator(".facts")).to_contain_text("unique ann 1")
        expect(page.locator("#workload")).to_have_text("to ann")


def test_what_is_wrong_is_said_and_nothing_is_lost(
    browser: Browser, server: HttpServer
) -> None:
    with looking(browser, server, "/try") as page:
        fill(page, "later", "long text")
        page.get_by_text("Unique, priority, delay").click()
        page.get_by_label("Delay").fill("soon")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".message")).to_contain_text(
            "delay cannot be 'soon': it is a number of seconds from 0"
        )
        expect(page.get_by_label("Workload")).to_have_value("long text")
        page.get_by_label("Delay").fill("5")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".message")).to_contain_text("runs in the background")
        assert server.get("/v1/jobs?function=later").json["items"] == []


def test_a_file_is_the_workload_as_it_is(
    browser: Browser, server: HttpServer, tmp_path: Path
) -> None:
    file = tmp_path / "film.mov"
    file.write_bytes(bytes(range(256)) * 8000)
    with looking(browser, server, "/try") as page:
        page.get_by_label("Function").fill("video.encode")
        page.get_by_label("or a file").set_input_files(file)
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("h1")).to_have_text("video.encode")
        handle = page.url.rpartition("/")[2]
        assert server.get(f"/v1/jobs/{handle}/workload").body == file.read_bytes()


def test_what_is_no_longer_remembered_leads_to_the_job(
    browser: Browser, empty: HttpServer
) -> None:
    with looking(browser, empty, "/try?job=H:a:1") as page:
        expect(page.get_by_text("is not remembered any more")).to_be_visible()


def test_a_php_worker_does_it(
    browser: Browser, server: HttpServer, tmp_path: Path
) -> None:
    script = tmp_path / "worker.php"
    script.write_text(
        "<?php $w = new GearmanWorker();"
        f"$w->addServer('127.0.0.1', {server.jobs.port});"
        "$w->addFunction('reverse', function ($job) {"
        "$job->sendStatus(1, 2); $job->sendData('data ');"
        "return strrev($job->workload()); });"
        "$w->work();"
    )
    worker = subprocess.Popen(["php", str(script)])
    try:
        with looking(browser, server, "/try") as page:
            fill(page, "reverse", "<gear>")
            page.get_by_role("button", name="Submit").click()
            expect(page.locator("#result")).to_have_text(">raeg<")
            expect(page.locator("#data")).to_have_text("data ")
    finally:
        worker.kill()
        worker.wait()
