"""Job servers that share a PostgreSQL store, each asked about all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from geartrain.admin import Admin
from geartrain.client import Client
from geartrain.errors import AdminError, RefusedError
from geartrain.protocol.constants import PacketType
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer, free_port, running_geartrain
from tests.support.suspending import suspend
from tests.support.waiting import wait_until
from tests.support.wire import Wire

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def http() -> int:
    """Return the port where the first of the servers serves HTTP."""
    return free_port()


@pytest.fixture(scope="module")
def running(
    database: PostgresqlServer, http: int
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Run two job servers."""
    store = ("--store", database.url())
    served = ("--http", f"127.0.0.1:{http}")
    with (
        running_geartrain(*store, *served, "--node-name", "one") as one,
        running_geartrain(*store, "--node-name", "other") as other,
    ):
        yield one, other


@pytest.fixture
def servers(
    running: tuple[RunningServer, RunningServer],
) -> tuple[RunningServer, RunningServer]:
    """Return two job servers that have found each other."""
    wait_until(lambda: all(map(_is_linked, running)), timeout=60)
    return running


def _is_linked(server: RunningServer) -> bool:
    try:
        with Admin(server.address) as admin:
            states = [row.state for row in admin.cluster() if row.role == "helped"]
    except AdminError:
        # It begins anew.
        return False
    return states == ["connected"]


def submit(server: RunningServer, function: str, unique: str) -> str:
    with Client([server.address]) as client:
        return client.submit(function, b"w", background=True, unique=unique).handle


def command_line(server: RunningServer, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "geartrain.cli.main", *words]
    done = subprocess.run(
        [*command, "--server", server.address],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_each_is_asked_about_all(
    servers: tuple[RunningServer, RunningServer], http: int
) -> None:
    one, other = servers
    here = [submit(one, "mail", f"a{number}") for number in range(3)]
    there = [submit(other, "mail", f"b{number}") for number in range(2)]
    with Admin(one.address) as admin:
        assert "mail\t5\t0\t0" in admin.command("status")
        assert "mail\t3\t0\t0" in admin.command("local status")
        assert {row.handle for row in admin.jobs(function="mail")} == {*here, *there}
        assert admin.unanswered == {}
        assert admin.job(there[0])[0].workload == b"w"
        assert admin.statistics("mail").now["waiting"] == 5
    with Wire(one.connect()) as client:
        client.send(PacketType.GET_STATUS, there[0].encode())
        known = client.expect(PacketType.STATUS_RES, 5)
        assert known[1:] == [b"1", b"0", b"0", b"0"]
    with urllib.request.urlopen(
        f"http://127.0.0.1:{http}/v1/jobs?function=mail&limit=2", timeout=10
    ) as answer:
        page = json.load(answer)
    assert len(page["items"]) == 2
    assert page["next"]
    with urllib.request.urlopen(
        f"http://127.0.0.1:{http}/jobs?q=function%3Amail", timeout=10
    ) as answer:
        text = answer.read().decode()
    assert all(handle in text for handle in (*here, *there))
    title, *rows = command_line(one, "jobs", "--function", "mail")[1].splitlines()
    assert title.endswith("  NODE")
    assert sorted(row.split()[-1] for row in rows) == [*"---", "other", "other"]
    alone = command_line(one, "jobs", "--function", "mail", "--local")[1]
    assert "NODE" not in alone
    assert alone.count("\n") == 4
    code, out, err = command_line(one, "cancel", there[0])
    assert (code, out.strip(), err) == (0, "1 cancelled", "")
    with Admin(other.address) as admin:
        assert admin.cancel_all(function="mail") == 4
        assert list(admin.jobs(function="mail")) == []


def test_each_tells_what_it_is_doing(
    servers: tuple[RunningServer, RunningServer],
) -> None:
    one, other = servers
    with Admin(one.address) as admin:
        left = [row.waiting or 0 for row in admin.servers(span="all")]
    for number in range(3):
        submit(one, "given", f"g{number}")
    with Wire(other.connect()) as worker, Admin(one.address) as admin:
        worker.register(b"given")
        worker.sleep()
        assert worker.echoes()
        # It does a job of the other, which counts where it was submitted.
        worker.expect(PacketType.NOOP, 0)
        worker.grab()
        wait_until(lambda: admin.servers()[0].running == 1)
        told = {row.node: row for row in admin.servers(span="all")}
        assert (told["one"].waiting, told["one"].running) == (left[0] + 2, 1)
        assert (told["other"].waiting, told["other"].running) == (left[1], 0)
        assert (told["one"].workers, told["other"].workers) == (0, 1)
        assert admin.cancel_all(function="given") == 3
        states = {row.state for row in admin.history(function="given")}
        assert states == {"cancelled"}
        assert list(admin.dead_list(function="given")) == []


def test_dead_letters_are_run_again_from_the_other(
    servers: tuple[RunningServer, RunningServer],
) -> None:
    one, other = servers
    handle = submit(other, "fails", "d")
    with Wire(other.connect()) as worker:
        worker.register(b"fails")
        worker.grab()
        worker.send(PacketType.WORK_FAIL, handle.encode())
        assert worker.echoes()
    with Admin(one.address) as admin:
        assert [row.handle for row in admin.dead_list()] == [handle]
        admin.dead_retry(handle)
        assert [row.handle for row in admin.jobs(function="fails")] == [handle]
        with Wire(other.connect()) as worker:
            worker.register(b"fails")
            worker.grab()
            worker.send(PacketType.WORK_COMPLETE, handle.encode(), b"done")
            assert worker.echoes()
        assert admin.result(handle).state == "succeeded"


def test_an_equal_job_of_the_other_is_cancelled_for_both(
    servers: tuple[RunningServer, RunningServer],
) -> None:
    one, other = servers
    handle = submit(one, "equal", "u")
    assert submit(other, "equal", "u") == handle
    with Admin(other.address) as admin:
        admin.cancel(handle)
        assert not list(admin.jobs(function="equal"))
        assert submit(one, "equal", "u") != handle
        assert [row.handle for row in admin.jobs(function="equal")] != [handle]


def test_one_that_hangs_is_named_after_two_seconds(
    servers: tuple[RunningServer, RunningServer], http: int
) -> None:
    one, other = servers
    submit(one, "hangs", "z")
    suspend(other.process)
    try:
        began = time.monotonic()
        with Admin(one.address) as admin:
            assert len(list(admin.jobs(function="hangs"))) == 1
            assert time.monotonic() - began <= 5
            name = f"other ({other.address})"
            assert list(admin.unanswered) == [name]
            with pytest.raises(RefusedError, match="did not answer"):
                admin.job("H:geartrain:7")
        with urllib.request.urlopen(
            f"http://127.0.0.1:{http}/v1/jobs?function=hangs", timeout=10
        ) as answer:
            assert answer.headers["Geartrain-Unanswered"] == "other"
            assert len(json.load(answer)["items"]) == 1
        code, out, err = command_line(one, "jobs", "--function", "hangs")
        assert code == 0
        assert "hangs" in out
        assert err.startswith(f"geartrain: {name} did not answer: ")
    finally:
        os.kill(other.process.pid, signal.SIGCONT)
