"""One job: its story, what it carries, and what can be done with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from geartrain import Worker
from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.browser import PHONE, looking, updated
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury, submit, submit_later
from tests.support.populated import HOSTILE, Populated
from tests.support.wire import Wire


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    """A job server of which each test has functions of its own."""
    with running_http() as server:
        yield server


@contextmanager
def running(server: HttpServer, function: bytes, workload: bytes) -> Iterator[Any]:
    """Run a job on a worker that does as the test says."""
    with Wire(server.jobs.connect()) as worker:
        worker.send(PacketType.SET_CLIENT_ID, b"hand-1")
        worker.send(PacketType.CAN_DO, function)
        handle = submit(server.jobs, function, workload)
        worker.send(PacketType.GRAB_JOB)
        worker.expect(PacketType.JOB_ASSIGN)
        yield worker, handle


def story(page: Page) -> str:
    return page.locator(".story").inner_text()


def test_progress_and_data_are_followed_to_the_end(
    browser: Browser, server: HttpServer
) -> None:
    with Admin(server.jobs.address) as admin:
        admin.set_policy("report", {"result_ttl": 60})
    with (
        running(server, b"report", b'{"id":12345678901234567890}') as found,
        looking(browser, server, f"/jobs/{found[1]}") as page,
    ):
        worker, handle = found
        data = handle.encode()
        expect(page.locator("#workload")).to_have_text(
            '{\n  "id": 12345678901234567890\n}'
        )
        worker.send(PacketType.WORK_STATUS, data, b"31", b"50")
        worker.send(PacketType.WORK_DATA, data, b"page 1\n")
        expect(page.get_by_role("progressbar")).to_have_text("62 %")
        expect(page.locator(".progress")).to_contain_text("31 of 50 · about")
        expect(page.locator("#data")).to_have_text("page 1\n")
        worker.send(PacketType.WORK_DATA, data, b"<b>page 2</b>\n")
        expect(page.locator("#data")).to_have_text("page 1\n<b>page 2</b>\n")
        expect(page.locator(".story li.running")).to_contain_text(
            "Attempt 1 on hand-1 (127.0.0.1), running"
        )
        worker.send(PacketType.WORK_COMPLETE, data, b"done \xc3\xa4")
        expect(page.locator("#result")).to_contain_text("<b>page 2</b>\ndone ä")
        expect(page.locator(".story li.succeeded")).to_contain_text("succeeded in")
        expect(page.locator("#data")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_the_story_of_failures_is_told(browser: Browser, server: HttpServer) -> None:
    with Admin(server.jobs.address) as admin:
        admin.set_policy("retried", {"max_attempts": 2, "backoff_delay": 3600})
    with running(server, b"retried", b"w") as (worker, handle):
        worker.send(PacketType.WORK_EXCEPTION, handle.encode(), HOSTILE + b"\n at 3")
        assert worker.echoes()
        with looking(browser, server, f"/jobs/{handle}") as page:
            expect(page.locator(".facts")).to_contain_text("retrying")
            expect(page.locator(".why")).to_contain_text("attempt")
            expect(page.locator(".story pre")).to_contain_text("<img src=x onerror")
            assert "failed after" in story(page)
            page.get_by_role("button", name="Run now").click()
            expect(page.locator(".message")).to_contain_text("waits for no time")
            worker.send(PacketType.GRAB_JOB)
            worker.expect(PacketType.JOB_ASSIGN)
            expect(page.locator(".facts")).to_contain_text("running")
            worker.send(PacketType.WORK_FAIL, handle.encode())
            expect(page.locator(".facts")).to_contain_text("dead")
            page.get_by_role("button", name="Delete").click()
            page.get_by_role("button", name="Delete it").click()
            expect(page.locator(".message")).to_contain_text("is deleted")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_waiting_job_is_changed(
    browser: Browser, server: HttpServer, has_scripts: bool
) -> None:
    handle = submit_later(server.jobs, b"order.close", 3600)
    path = f"/jobs/{handle}"
    with looking(browser, server, path, has_scripts=has_scripts) as page:
        expect(page.locator(".facts")).to_contain_text("delayed")
        page.get_by_text("Priority and function").click()
        page.get_by_label("Priority").select_option("high")
        page.get_by_role("button", name="Set priority").click()
        expect(page.locator(".facts")).to_contain_text("high priority")
        if not has_scripts:
            page.get_by_text("Priority and function").click()
        page.get_by_label("Function to move to").fill("order.close.2")
        page.get_by_role("button", name="Move").click()
        expect(page.locator("h1")).to_have_text("order.close.2")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel the job").click()
        expect(page.locator(".facts")).to_contain_text("cancelled")
        expect(page.locator(".story")).to_contain_text("Cancelled")


def test_of_two_who_act_on_one_job_the_second_is_told(
    browser: Browser, server: HttpServer
) -> None:
    (handle,) = bury(server.jobs, b"mail", [b"w"], b"greylisted")
    path = f"/jobs/{handle}"
    with (
        looking(browser, server, path) as one,
        looking(browser, server, path) as two,
    ):
        two.get_by_role("button", name="Pause").click()
        one.get_by_role("button", name="Run again").click()
        expect(one.locator(".message")).to_contain_text("is a job again")
        expect(one.locator(".facts")).to_contain_text("waiting")
        two.get_by_role("button", name="Run again").click()
        expect(two.locator(".message")).to_contain_text("Not done.")
        expect(two.locator(".message")).to_contain_text("somebody else was faster")
        expect(two.locator(".facts")).to_contain_text("waiting")


def test_a_running_job_is_given_another_attempt(
    browser: Browser, server: HttpServer
) -> None:
    with (
        running(server, b"repeated", b"w") as (_, handle),
        looking(browser, server, f"/jobs/{handle}") as page,
    ):
        page.get_by_role("button", name="Run another attempt").click()
        page.get_by_role("button", name="Run it again").click()
        expect(page.locator(".message")).to_contain_text("waits for another attempt")
        expect(page.locator(".story")).to_contain_text("Attempt 1")


@pytest.mark.parametrize("handle", ["H:nowhere:7", "nonsense", "%3Cimg%20src=x%3E"])
def test_a_job_that_is_not_known_is_explained(
    browser: Browser, filled: Populated, handle: str
) -> None:
    with looking(browser, filled.server, f"/jobs/{handle}", width=PHONE) as page:
        expect(page.locator("h1")).to_have_text("This job is not known")
        expect(page.get_by_role("main")).to_contain_text("What may have become of")


@pytest.mark.parametrize(
    ("workload", "shown"),
    [
        (b"\x00\x01\xff", "0000  00 01 ff"),
        (HOSTILE.replace(b"\xff", b""), '<img src=x onerror="document.title=1">'),
        (b"<script>document.title=1</script>", "<script>document.title=1</script>"),
        ("\u202egnp.exe {{ 7*7 }}".encode(), r"\u202egnp.exe {{ 7*7 }}"),
        (b"", "It is empty."),
    ],
)
def test_hostile_workloads_are_shown_and_not_run(
    browser: Browser, server: HttpServer, workload: bytes, shown: str
) -> None:
    handle = submit(server.jobs, b"f", workload)
    with looking(browser, server, f"/jobs/{handle}") as page:
        expect(page.locator("#region-workload")).to_contain_text(shown)
        updated(page)
        assert "Geartrain" in page.title()


def test_a_large_workload_is_shown_by_its_beginning(
    browser: Browser, tmp_path: Path
) -> None:
    store = str(tmp_path / "jobs.db")
    size = 100_000_000
    with running_http("--store", store) as server:
        reply = server.submit("f", b'{"big": "' + b"x" * size)
        handle = reply.json["handle"]
    with running_http("--store", store) as server:
        began = time.monotonic()
        with looking(browser, server, f"/jobs/{handle}") as page:
            kind = page.locator("#region-workload h2")
            expect(kind).to_have_text("Workload 100 MB · JSON · the first 8.2 kB")
            assert time.monotonic() - began < 10
            assert len(page.content()) < 60_000
            link = page.get_by_role("link", name="Download all 100 MB")
            assert link.get_attribute("href") == f"/v1/jobs/{handle}/workload"
            updated(page)


def test_a_hook_redacts_what_is_shown(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hiding.py").write_text(
        "import re\n"
        "def hide(function, data):\n"
        "    if function == 'broken': raise ValueError(data)\n"
        "    return re.sub(rb'[0-9]', b'*', data)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with running_http("--dashboard-redact", "hiding:hide") as server:
        one = submit(server.jobs, b"pay", b'{"card": "4111"}')
        two = submit(server.jobs, b"broken", b"secret")
        with looking(browser, server, f"/jobs/{one}") as page:
            expect(page.locator("#workload")).to_contain_text('"card": "****"')
            expect(page.get_by_text("redacted")).to_be_visible()
            expect(page.get_by_role("link", name="Download")).to_have_count(0)
        with looking(browser, server, f"/jobs/{two}") as page:
            expect(page.get_by_text("the redaction hook has failed")).to_be_visible()
            assert "secret" not in page.content()


def test_a_python_worker_is_followed(browser: Browser, server: HttpServer) -> None:
    with Admin(server.jobs.address) as admin:
        admin.set_policy("count", {"result_ttl": 60})
    go_on = threading.Event()

    def count(job: Any) -> bytes:
        job.send_data(b"one\n")
        job.send_status(1, 2)
        go_on.wait(20)
        return b"counted"

    worker = Worker([server.jobs.address])
    worker.register("count", count)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        handle = submit(server.jobs, b"count")
        with looking(browser, server, f"/jobs/{handle}") as page:
            expect(page.get_by_role("progressbar")).to_have_text("50 %")
            go_on.set()
            expect(page.locator("#result")).to_have_text("one\ncounted")
    finally:
        worker.stop()
        thread.join(10)
