"""Perl's Gearman::Client and Gearman::Worker."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.peers import (
    HERE,
    Peer,
    Peers,
    function_status,
    need_success,
    text_command,
)
from tests.support.servers import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.interop

PERL = HERE / "perl"
PACKAGES = "libgearman-client-perl"


@pytest.fixture(scope="session", autouse=True)
def perl_is_here() -> None:
    for module in ("Gearman::Client", "Gearman::Worker"):
        need_success(["perl", f"-M{module}", "-e", "1"], PACKAGES)


def perl(peers: Peers, script: str, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run a client of ``tests/interop/perl`` to its end; return what it printed."""
    address = peers.server.address
    return peers.run("perl", PERL / script, address, *arguments, stdin=stdin)


def perl_worker(peers: Peers, prefix: str = "") -> Peer:
    """Start the worker, perhaps for the functions of one prefix."""
    command = ("perl", PERL / "worker.pl", peers.server.address, prefix)
    last_registered = f"{prefix}\tforget" if prefix else "forget"
    return peers.worker(*command, function=last_registered)


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()


@pytest.mark.parametrize(
    "workload",
    [
        pytest.param(b"hello", id="text"),
        pytest.param(b"\0a\0\0", id="zero bytes"),
        pytest.param(bytes(range(256)) * 4096, id="a megabyte"),
    ],
)
def test_do_task(peers: Peers, workload: bytes) -> None:
    perl_worker(peers)
    done = perl(peers, "do_task.pl", "reverse", stdin=workload)
    assert done == b"result: " + workload[::-1]


@pytest.mark.parametrize("priority", ["high", "normal", "low"])
def test_do_task_of_every_priority(peers: Peers, priority: str) -> None:
    perl_worker(peers)
    options = ("priority", priority, "uniq", "-")
    assert (
        perl(peers, "do_task.pl", "reverse", *options, stdin=b"abc") == b"result: cba"
    )


@pytest.mark.parametrize("function", ["empty", "zero"])
def test_a_result_sent_without_its_separator(
    peers: Peers, function: str, server_kind: str
) -> None:
    # The worker leaves out the result "0" and the zero byte before "" and "0" alike.
    perl_worker(peers)
    if server_kind == "gearmand":
        # It waits for the zero byte, then drops the worker and runs the job again.
        told = perl(peers, "do_task.pl", function, "timeout", "0.5", stdin=b"x")
        assert told == b"failed"
        return
    for _ in range(2):
        assert perl(peers, "do_task.pl", function, stdin=b"x") == b"result: "


def test_options_in_a_name(peers: Peers, server_kind: str) -> None:
    if server_kind == "gearmand":
        pytest.skip("only Geartrain reads options")
    with Admin(peers.server.address) as admin:
        admin.set_policy("reverse", {"options_in_names": True})
        perl_worker(peers)
        began = time.monotonic()
        name = "reverse?delay=500ms&key=shop-7&ttl=1h"
        assert perl(peers, "do_task.pl", name, stdin=b"abc") == b"result: cba"
        assert time.monotonic() - began >= 0.5
        admin.set_policy("reverse", {"options_in_names": ""})


def test_a_failed_task(peers: Peers) -> None:
    perl_worker(peers)
    assert perl(peers, "do_task.pl", "fails", stdin=b"x") == b"failed"
    assert perl(peers, "do_task.pl", "reverse", stdin=b"ab") == b"result: ba"


def test_every_callback_of_a_task_set(peers: Peers) -> None:
    perl_worker(peers)
    told = lines(perl(peers, "task_set.pl", "steps", "stream=a bc", "fails", "raises"))

    def of(function: str) -> list[str]:
        mine = [line for line in told if line.split()[0] == function]
        return [line.removeprefix(f"{function} ") for line in mine]

    assert of("steps") == ["status 1 3", "status 2 3", "status 3 3", "complete done"]
    assert of("stream") == [
        "data a",
        "data bc",
        "warning no more words",
        "complete end",
    ]
    assert of("fails") == ["fail jshandle fail"]
    assert of("raises") == ["exception no such thing"]


def test_an_uncaught_die(peers: Peers, server_kind: str) -> None:
    worker = perl_worker(peers)
    told = perl(peers, "task_set.pl", "dies")
    assert told.startswith(b"dies exception ")
    assert b"no such thing" in told
    # The worker sends WORK_FAIL after its WORK_EXCEPTION, which ended the job. From
    # gearmand it gets an ERROR, which it takes for the answer to its next GRAB_JOB.
    if server_kind == "gearmand":
        worker.finish(255)
        assert b"Job given in work result not found" in worker.err.read_bytes()
    else:
        assert perl(peers, "task_set.pl", "dies").startswith(b"dies exception ")


def test_jobs_in_the_background_and_their_status(peers: Peers, tmp_path: Path) -> None:
    record = tmp_path / "record"
    command = ("perl", PERL / "background.pl", peers.server.address, record)
    client = peers.start(*command)
    client.says(b"submitted")
    perl_worker(peers)
    told = lines(client.finish())
    waiting = ["known 1 running 0"] * 3
    assert told == ["same: yes", *waiting, "submitted", "done"]
    assert lines(record.read_bytes()) == ["high", "normal", "low"]


def test_retries_by_the_client(peers: Peers, tmp_path: Path) -> None:
    perl_worker(peers)
    told = lines(perl(peers, "retry.pl", str(tmp_path / "count")))
    assert told == ["retry 1", "retry 2", "try 3"]


@pytest.mark.parametrize("unique", ["one and the same", "-"])
def test_tasks_of_one_unique_are_one_job(
    peers: Peers, tmp_path: Path, unique: str
) -> None:
    record = tmp_path / "record"
    command = ("perl", PERL / "same_unique.pl", peers.server.address, record, unique)
    client = peers.start(*command)
    client.says(b"added")
    assert function_status(peers.server, "record").total == 1
    perl_worker(peers)
    assert lines(client.finish()) == ["added", *["recorded run"] * 5]
    assert record.read_text() == "run\n"


def test_a_job_beyond_its_workers_timeout_goes_to_another(
    peers: Peers, tmp_path: Path
) -> None:
    marker = tmp_path / "first worker"
    perl_worker(peers)
    command = ("perl", PERL / "do_task.pl", peers.server.address, "hangs_once")
    client = peers.start(*command, stdin=os.fsencode(marker))
    wait_until(marker.exists, "the first worker has the job")
    perl_worker(peers)
    assert client.finish() == b"result: done by the second worker"


def test_a_task_gives_up_after_its_timeout(peers: Peers) -> None:
    assert lines(perl(peers, "timeout.pl")) == [
        "Task nobody_does_this elapsed timeout [0.2s]",
        "no result",
    ]


def test_server_status(peers: Peers) -> None:
    perl_worker(peers)
    perl_worker(peers)
    told = lines(perl(peers, "server_status.pl", "reverse"))
    assert told == ["capable 2", "queued 0", "running 0"]


def test_a_prefix(peers: Peers) -> None:
    perl_worker(peers, "shop")
    assert perl(peers, "prefix.pl", "shop") == b"sruo"
    assert function_status(peers.server, "shop\treverse").workers == 1


def test_a_worker_forgets_a_function_and_leaves(peers: Peers) -> None:
    worker = perl_worker(peers)
    rows = text_command(peers.server, "workers")
    assert any(" perl-worker : " in row for row in rows)
    assert perl(peers, "do_task.pl", "forget", stdin=b"zero") == b"result: forgot"
    assert function_status(peers.server, "zero").workers == 0
    assert function_status(peers.server, "reverse").workers == 1
    assert perl(peers, "do_task.pl", "leave", stdin=b"x") == b"result: bye"
    worker.finish()


def test_two_servers_one_stopped(peers: Peers) -> None:
    perl_worker(peers)
    servers = f"127.0.0.1:{free_port()},{peers.server.address}"
    script = PERL / "do_task.pl"
    for _ in range(3):
        done = peers.run("perl", script, servers, "reverse", stdin=b"abc")
        assert done == b"result: cba"
