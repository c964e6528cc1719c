"""Shell commands as workers."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.jobs_in_states import submit
from tests.support.servers import RunningServer
from tests.support.supervised import dead_letter, do, running_workers
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("supervisor/command_worker",)

COMMANDS = {
    "upper": "tr a-z A-Z",
    "count": "wc -c",
    "ignore": "echo done",
    "who": 'printf "%s %s %s" "$GEARMAN_HANDLE" "$GEARMAN_UNIQUE" "$GEARMAN_FUNCTION"',
    "warn": "echo one >&2; echo two >&2; cat",
    "refuse": "echo nothing; echo it is too late >&2; exit 3",
    "silent": "exit 4",
    "self_kill": "kill -TERM $$",
    "missing": "no-such-program-anywhere",
    "hang": "sleep 987654; true",
    "leave": "sleep 987653 & echo done",
    "late": "echo it is too late >&2; kill -KILL $$",
}


@pytest.fixture(scope="module")
def commands(
    server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    flags = [f"--exec={name}={command}" for name, command in COMMANDS.items()]
    folder = tmp_path_factory.mktemp("commands")
    with running_workers(folder, server, *flags, "--job-timeout", "2"):
        yield


def test_the_workload_is_stdin_and_stdout_the_result(
    server: RunningServer, commands: None
) -> None:
    assert do(server, b"upper", b"hello\n") == b"HELLO\n"
    assert do(server, b"upper", b"") == b""


def test_a_workload_larger_than_a_pipe_goes_through(
    server: RunningServer, commands: None
) -> None:
    assert do(server, b"count", b"x" * 5_000_000).strip() == b"5000000"
    assert do(server, b"upper", b"y" * 3_000_000) == b"Y" * 3_000_000


def test_a_command_need_not_read_its_workload(
    server: RunningServer, commands: None
) -> None:
    assert do(server, b"ignore", b"x" * 5_000_000) == b"done\n"


def test_what_a_command_leaves_in_the_background_does_not_hold_its_job(
    server: RunningServer, commands: None
) -> None:
    assert do(server, b"leave") == b"done\n"
    assert do(server, b"leave", b"x" * 1_000_000) == b"done\n"


def test_the_environment_names_the_job(server: RunningServer, commands: None) -> None:
    with Wire(server.connect()) as client:
        client.send(PacketType.SUBMIT_JOB, b"who", "schlüssel".encode(), b"")
        handle = client.expect(PacketType.JOB_CREATED)[0]
        result = client.expect(PacketType.WORK_COMPLETE, 2)[1]
    assert result == handle + " schlüssel who".encode()


def test_lines_of_stderr_are_warnings(server: RunningServer, commands: None) -> None:
    with Wire(server.connect()) as client:
        client.submit(b"warn", b"rest")
        assert client.expect(PacketType.WORK_WARNING, 2)[1] == b"one"
        assert client.expect(PacketType.WORK_WARNING, 2)[1] == b"two"
        assert client.expect(PacketType.WORK_COMPLETE, 2)[1] == b"rest"


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (b"refuse", "it is too late"),
        (b"silent", "exited with status 4"),
        (b"self_kill", "killed by signal 15 (SIGTERM)"),
        (b"late", "it is too late\nkilled by signal 9 (SIGKILL)"),
    ],
)
def test_a_command_that_fails_says_why(
    server: RunningServer, admin: Admin, commands: None, function: bytes, error: str
) -> None:
    letter = dead_letter(admin, submit(server, function))
    assert (letter.reason, letter.error) == ("exception", error)


def test_a_command_that_is_not_there_is_named(
    server: RunningServer, admin: Admin, commands: None
) -> None:
    letter = dead_letter(admin, submit(server, b"missing"))
    assert "no-such-program-anywhere" in (letter.error or "")


def test_a_command_that_hangs_is_killed_with_all_it_has_started(
    server: RunningServer, admin: Admin, commands: None
) -> None:
    letter = dead_letter(admin, submit(server, b"hang"))
    assert letter.reason == "timeout"
    wait_until(lambda: not sleepers("987654"), "the command is gone")
    assert do(server, b"upper", b"on") == b"ON"


def test_commands_of_several_jobs_run_at_once(
    tmp_path: Path, server: RunningServer, admin: Admin
) -> None:
    # Each waits until the other has begun.
    meet = f"cd {shlex.quote(str(tmp_path))}; touch $GEARMAN_FUNCTION; until test -e"
    flags = [f"--exec=left={meet} right; do sleep 0.05; done"]
    flags += [f"--exec=right={meet} left; do sleep 0.05; done", "--concurrency=2"]
    with running_workers(tmp_path, server, *flags), Wire(server.connect()) as client:
        for function in (b"left", b"right"):
            client.submit(function)
        client.expect(PacketType.WORK_COMPLETE, 2)
        client.expect(PacketType.WORK_COMPLETE, 2)


def sleepers(seconds: str) -> list[str]:
    """Return the processes that sleep for so long."""
    listed = subprocess.run(
        ["ps", "-eo", "stat=,args="], capture_output=True, text=True, check=True
    )
    rows = listed.stdout.splitlines()
    return [row for row in rows if f"sleep {seconds}" in row and row[0] != "Z"]


@pytest.mark.parametrize(
    "command",
    [
        "echo $$ > running; exec sleep 60",
        "trap 'exit 1' TERM; echo $$ > running; sleep 60 & wait",
    ],
)
def test_a_signal_to_all_processes_is_no_failure_of_a_command(
    tmp_path: Path, server: RunningServer, admin: Admin, command: str
) -> None:
    with running_workers(tmp_path, server, f"--exec=halt={command}") as workers:
        handle = submit(server, b"halt")
        running = tmp_path / "running"
        wait_until(lambda: running.exists() and running.read_text(), "it runs")
        pid = int(running.read_text())
        for each in (os.getpgid(pid), pid):
            os.kill(each, signal.SIGTERM)
        assert workers.stop() == 0
    (job,) = admin.job(handle)
    assert (job.state, job.attempts, job.crashes) == ("ready", 0, 0)
    admin.cancel(handle)
