"""Debian's command-line tools ``gearman`` and ``gearadmin``."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.support.debian_tools import where
from tests.support.peers import Peer, Peers, function_status, need

pytestmark = pytest.mark.interop

BY_LINES = ("stdbuf", "-oL")  # so that "Task created" is to be read at once


@pytest.fixture(scope="session", autouse=True)
def tools_are_here() -> None:
    for tool in ("gearman", "gearadmin"):
        need(tool, "gearman-tools")


def gearman(peers: Peers, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run the tool as a client to its end; return what it printed."""
    return peers.run("gearman", *where(peers), *arguments, stdin=stdin)


def gearman_worker(peers: Peers, *arguments: str) -> Peer:
    """Start the tool as a worker; the first two arguments are ``-f FUNCTION``."""
    command = ("gearman", "-w", *where(peers), *arguments)
    return peers.worker(*command, function=arguments[1])


def gearadmin(peers: Peers, *arguments: str) -> str:
    """Run the tool to its end; return what it printed."""
    return peers.run("gearadmin", *where(peers), *arguments).decode()


def handle_of(created: bytes) -> str:
    """Return the handle in the ``-v`` output of a client."""
    found = re.search(rb"Task created: (\S+)", created)
    assert found, created
    return found[1].decode()


def test_standard_input_is_one_job(peers: Peers) -> None:
    gearman_worker(peers, "-f", "wc", "--", "wc", "-l")
    assert gearman(peers, "-f", "wc", stdin=b"a\nb\nc\n").split() == [b"3"]


def test_arguments_are_one_job_each(peers: Peers) -> None:
    worker = gearman_worker(peers, "-f", "up", "-c", "2", "--", "tr", "a-z", "A-Z")
    assert gearman(peers, "-f", "up", "abc", "de") == b"ABCDE"
    worker.finish()


def test_a_worker_without_a_command_prints_its_jobs(peers: Peers) -> None:
    worker = gearman_worker(peers, "-f", "show", "-c", "1")
    assert gearman(peers, "-f", "show", "the workload") == b""
    assert worker.finish() == b"the workload"


@pytest.mark.parametrize(
    ("flag", "jobs"),
    [("-n", ["5 ", "4 ", "3 "]), ("-N", ["4 ", "3 ", "2 "])],
)
def test_a_job_of_every_line(peers: Peers, flag: str, jobs: list[str]) -> None:
    # -n keeps the newline, -N strips it.
    gearman_worker(peers, "-f", "count", "--", "sh", "-c", "printf '%s ' $(wc -c)")
    told = gearman(peers, "-f", "count", flag, stdin=b"abcd\nefg\nhi\n")
    assert told.decode() == "".join(jobs)


def test_lines_of_a_result_as_they_come(peers: Peers) -> None:
    gearman_worker(peers, "-f", "say", "-N", "--", "echo", "hello")
    assert b"hello" in gearman(peers, "-f", "say", "-s")


def test_every_function_gets_the_job_and_prefixes_its_lines(peers: Peers) -> None:
    gearman_worker(peers, "-f", "up", "--", "tr", "a-z", "A-Z")
    gearman_worker(peers, "-f", "rot", "--", "tr", "a-z", "b-za")
    told = gearman(peers, "-f", "up", "-f", "rot", "-P", stdin=b"abc\n")
    assert sorted(told.splitlines()) == [b"rot: bcd", b"up: ABC"]


def test_an_empty_workload(peers: Peers) -> None:
    gearman_worker(peers, "-f", "size", "--", "wc", "-c")
    assert gearman(peers, "-f", "size", "-s").split() == [b"0"]


def test_a_command_that_fails(peers: Peers) -> None:
    gearman_worker(peers, "-f", "bad", "--", "sh", "-c", "echo partial; exit 3")
    client = peers.start("gearman", *where(peers), "-f", "bad", "-s")
    assert client.finish(1) == b"partial\n"
    assert client.err.read_bytes() == b"Job failed\n"


def test_background_jobs_by_priority(peers: Peers, tmp_path: Path) -> None:
    order = tmp_path / "order"
    handles = [
        handle_of(gearman(peers, "-v", "-b", "-f", "write", *flag, name))
        for flag, name in ((["-L"], "low "), ([], "normal "), (["-I"], "high "))
    ]
    assert len(set(handles)) == 3
    worker = ("-w", "-f", "write", "-c", "3", "--", "tee", "-a", str(order))
    gearman(peers, *worker)
    assert order.read_text() == "high normal low "


@pytest.mark.parametrize("unique", ["#", "-", "mine"])
def test_equal_uniques_are_one_job(peers: Peers, unique: str) -> None:
    client = ("gearman", *where(peers), "-v", "-f", "once", "-u", unique, "hello")
    clients = [peers.start(*BY_LINES, *client) for _ in range(2)]
    for each in clients:
        each.says(b"Task created")
    assert function_status(peers.server, "once").total == 1
    shown = "1067880409" if unique == "#" else unique
    assert gearadmin(peers, "--show-unique-jobs").splitlines().count(shown) == 1
    gearman(peers, "-w", "-f", "once", "-c", "1", "--", "tr", "a-z", "A-Z")
    for each in clients:
        assert each.finish().endswith(b"HELLO")


def test_a_client_waits_no_longer_than_told(peers: Peers) -> None:
    started = time.monotonic()
    client = peers.start("gearman", *where(peers), "-t", "200", "-f", "nobody", "-s")
    client.finish()  # it says so, and succeeds all the same
    assert b"GEARMAN_TIMEOUT" in client.err.read_bytes()
    assert 0.2 <= time.monotonic() - started < 5


def test_servers_by_environment(peers: Peers) -> None:
    environment = {"GEARMAN_SERVER": peers.server.address}
    command = ("gearman", "-w", "-f", "rev", "-c", "1", "--", "rev")
    peers.worker(*command, function="rev", environment=environment)
    client = ("gearman", "-f", "rev", "abc")
    assert peers.run(*client, environment=environment).strip() == b"cba"


def test_several_functions_of_one_worker(peers: Peers) -> None:
    gearman_worker(peers, "-f", "one", "-f", "two", "--", "cat")
    for function in ("one", "two"):
        assert gearman(peers, "-f", function, f"for {function}") == (
            f"for {function}".encode()
        )


def test_status(peers: Peers) -> None:
    gearman(peers, "-b", "-f", "table", "a", "b")
    gearman(peers, "-b", "-I", "-f", "table", "c")
    rows = gearadmin(peers, "--status").splitlines()
    assert "table\t3\t0\t0" in rows
    assert rows[-1] == "."
    rows = gearadmin(peers, "--priority-status").splitlines()
    assert "table\t1\t2\t0\t0" in rows
    assert rows[-1] == "."
    assert gearman(peers, "-w", "-f", "table", "-c", "3") == b"cab"
    rows = gearadmin(peers, "--status").splitlines()
    assert "table\t0\t0\t0" in rows


def test_workers(peers: Peers) -> None:
    gearman_worker(peers, "-f", "able", "-f", "willing")
    rows = gearadmin(peers, "--workers").splitlines()
    assert rows.pop() == "."
    shown = [row for row in rows if row.endswith((": able willing", ": willing able"))]
    assert len(shown) == 1
    assert re.fullmatch(r"\d+ 127\.0\.0\.1 - : \w+ \w+", shown[0])


def test_getpid_version_and_verbose(peers: Peers, server_kind: str) -> None:
    assert gearadmin(peers, "--getpid") == f"{peers.server.process.pid}\n"
    version = gearadmin(peers, "--server-version")
    expected = (
        r"1\.1\.\d+\S*\n"
        if server_kind == "gearmand"
        else r"2\.0\.0\+geartrain-\d+\.\d+\S*\n"
    )
    assert re.fullmatch(expected, version)
    levels = "FATAL|ALERT|CRITICAL|ERROR|WARNING|NOTICE|INFO|DEBUG"
    assert re.fullmatch(f"({levels})\n", gearadmin(peers, "--server-verbose"))


def test_create_and_drop_function(peers: Peers) -> None:
    assert gearadmin(peers, "--create-function", "fresh").strip() == "OK"
    assert "fresh\t0\t0\t0" in gearadmin(peers, "--status").splitlines()
    assert gearadmin(peers, "--drop-function", "fresh").strip() == "OK"
    assert "fresh" not in gearadmin(peers, "--status")


def test_a_function_with_workers_is_not_dropped(peers: Peers) -> None:
    gearman_worker(peers, "-f", "busy")
    refused = peers.start("gearadmin", *where(peers), "--drop-function", "busy")
    refused.finish()
    complaint = b"there are still connected workers or executing clients"
    assert complaint in refused.err.read_bytes()
    assert function_status(peers.server, "busy").workers == 1


def test_show_and_cancel_jobs(peers: Peers) -> None:
    created = gearman(peers, "-v", "-b", "-f", "cancelled", "-u", "my unique", "x")
    handle = handle_of(created)
    assert f"{handle}\t0\t0\t1" in gearadmin(peers, "--show-jobs").splitlines()
    assert "my unique" in gearadmin(peers, "--show-unique-jobs").splitlines()
    assert gearadmin(peers, "--cancel-job", handle).strip() == "OK"
    # Whoever comes for work now finds none, and nothing of the job is left.
    worker = gearman_worker(peers, "-f", "cancelled", "-c", "1")
    assert gearman(peers, "-f", "cancelled", "wanted") == b""
    assert worker.finish() == b"wanted"
    assert handle not in gearadmin(peers, "--show-jobs")
    assert "my unique" not in gearadmin(peers, "--show-unique-jobs")


def test_cancel_fails_the_client_that_waits(peers: Peers) -> None:
    command = ("gearman", *where(peers), "-v", "-f", "never", "x")
    client = peers.start(*BY_LINES, *command)
    client.says(b"Task created")
    assert gearadmin(peers, "--cancel-job", handle_of(client.output)).strip() == "OK"
    client.finish(1)
    assert b"Job failed" in client.err.read_bytes()


def test_cancelling_an_unknown_job(peers: Peers) -> None:
    refused = peers.start("gearadmin", *where(peers), "--cancel-job", "H:nobody:1")
    refused.finish()
    assert b"UNKNOWN_JOB" in refused.err.read_bytes()


def test_every_question_in_one_run(peers: Peers) -> None:
    questions = ("--getpid", "--server-verbose", "--server-version", "--workers")
    rows = gearadmin(peers, *questions, "--priority-status", "--status").splitlines()
    assert rows[0] == str(peers.server.process.pid)
    assert rows.count(".") == 3
