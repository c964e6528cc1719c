"""Supervisors tell job servers of their processes, and cost nothing where unknown."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from geartrain.admin import Admin, ProcessRow
from geartrain.server.access import token_line
from geartrain.supervisor.announcer import process_line
from geartrain.supervisor.slot import ProcessSlot
from geartrain.supervisor.targets import ModuleTarget
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    running_gearmand,
)
from tests.support.supervised import do, running_workers
from tests.support.waiting import wait_until
from tests.support.wire import Wire


def told(
    admin: Admin, is_wanted: Callable[[list[ProcessRow]], bool]
) -> list[ProcessRow]:
    """Return the processes once they are as wanted."""
    found: list[ProcessRow] = []

    def look() -> bool:
        found[:] = admin.processes()
        return is_wanted(found)

    wait_until(look, "processes", 30)
    return found


def test_processes_are_told_of_until_their_supervisor_ends(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks", "--processes", "2") as workers:
        do(server, b"nap", b"0")
        found = told(admin, lambda rows: sum(row.succeeded for row in rows) == 1)
        assert {row.pid for row in found} == set(workers.pids())
        assert {row.supervisor for row in found} == {workers.process.pid}
        assert {(row.host, row.target, row.state) for row in found} == {
            (os.uname().nodename, "tasks", "working")
        }
        for row in found:
            assert row.memory is not None
            assert row.memory > 2**20
            assert row.since is not None
            assert 0 <= row.since - row.supervised_since < 30
        assert workers.stop() == 0
    wait_until(lambda: not admin.processes(), "the end")


def test_a_process_that_died_is_told_of_with_its_successor(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        told(admin, lambda rows: len(rows) == 1)
        os.kill(workers.pids()[0], signal.SIGKILL)
        (row,) = told(admin, lambda rows: any(row.restarts for row in rows))
        assert (row.restarts, row.ended) == (1, "killed by signal 9 (SIGKILL)")
        (row,) = told(admin, lambda rows: any(row.state == "working" for row in rows))
        assert row.pid == workers.pids()[-1]


def test_a_reload_is_a_restart(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        workers.signal(signal.SIGHUP)
        workers.wait_for(": reloaded")
        (row,) = told(admin, lambda rows: any(row.restarts for row in rows))
        assert (row.restarts, row.ended) == (1, "reload")


def test_a_job_server_that_comes_back_is_told_again(folder: Path) -> None:
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--port", str(port)]
    command += ["--store", "memory:"]
    with contextlib.ExitStack() as stack:
        with run_server(command, port) as first:
            stack.enter_context(running_workers(folder, first, "tasks"))
            with Admin(first.address) as admin:
                told(admin, lambda rows: len(rows) == 1)
        with run_server(command, port) as again, Admin(again.address) as admin:
            told(admin, lambda rows: len(rows) == 1)


def test_a_job_server_with_rules_is_shown_the_token(folder: Path) -> None:
    secret = b"kept-between-the-two"
    (folder / "rules.toml").write_text(
        f'[access.shop]\ntoken = "{token_line(secret)}"\nwork = ["*"]\nsee = ["*"]\n'
    )
    (folder / "secret").write_bytes(secret)
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--port", str(port)]
    command += ["--store", "memory:", "--config", str(folder / "rules.toml")]
    with (
        run_server(command, port) as guarded,
        running_workers(folder, guarded, "tasks", "--token-file", "secret"),
        Admin(guarded.address, token=folder / "secret") as admin,
    ):
        (row,) = told(admin, lambda rows: len(rows) == 1)
        assert row.target == "tasks"


def test_gearmand_is_asked_once_and_serves_on(folder: Path) -> None:
    with (
        running_gearmand() as server,
        running_workers(folder, server, "tasks", "--log-level", "debug") as workers,
    ):
        workers.wait_for("is not told of processes: ERR UNKNOWN_COMMAND")
        assert do(server, b"reverse", b"ab") == b"ba"
        wait_until(lambda: do(server, b"nap", b"1.5") is not None, "a second look")
        assert workers.log().count("is not told of processes") == 1
        with Wire(server.connect()) as admin:
            # gearmand may take a moment to see that a client has left.
            wait_until(lambda: len(admin.listing(b"workers")) == 2, "two are left")


@pytest.mark.parametrize("name", ["a b", "ä\n", "x" * 500])
def test_any_target_is_one_word(name: str) -> None:
    line = process_line(3, ProcessSlot(ModuleTarget(name)))
    assert line.startswith("announce process place=3 target=")
    assert " state=waiting restarts=0" in line
    assert "\n" not in line
    assert len(line.split(" ")) == 6
