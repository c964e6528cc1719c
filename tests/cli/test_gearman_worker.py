"""``gearman -w``: what becomes of its command, and of the job."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.jobs_in_states import submit
from tests.support.servers import RunningServer, running_gearmand, running_geartrain
from tests.support.waiting import PATIENCE
from tests.support.wire import Wire


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_geartrain() as running:
        yield running


@contextlib.contextmanager
def gearman(
    server: RunningServer,
    folder: Path,
    *flags: str,
    prepare: Callable[[], None] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``gearman -w`` at the head of a process group for the length of the block."""
    words = ["-w", "-h", "127.0.0.1", "-p", str(server.port), *flags]
    process = subprocess.Popen(
        [sys.executable, "-m", "geartrain.cli.gearman", *words],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        process_group=0,
        preexec_fn=prepare,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def do(server: RunningServer, function: bytes, workload: bytes = b"") -> bytes:
    with Wire(server.connect(PATIENCE)) as client:
        client.submit(function, workload)
        return client.expect(PacketType.WORK_COMPLETE, 2)[1]


def test_what_a_command_leaves_in_the_background_does_not_hold_its_job(
    server: RunningServer, tmp_path: Path
) -> None:
    words = ("-f", "leave", "--", "sh", "-c", "sleep 600 & echo done")
    with gearman(server, tmp_path, *words):
        assert do(server, b"leave") == b"done\n"
        assert do(server, b"leave", b"x" * 1_000_000) == b"done\n"


def test_its_lines_are_sent_as_they_come(server: RunningServer, tmp_path: Path) -> None:
    command = "echo one; sleep 0.1; printf 'two\nthree'; sleep 600 &"
    with (
        gearman(server, tmp_path, "-n", "-f", "lines", "--", "sh", "-c", command),
        Wire(server.connect(PATIENCE)) as client,
    ):
        client.submit(b"lines")
        for line in (b"one\n", b"two\n", b"three"):
            assert client.expect(PacketType.WORK_DATA, 2)[1] == line
        assert client.expect(PacketType.WORK_COMPLETE, 2)[1] == b""


def test_a_command_gets_no_signal_ignored_or_blocked(
    server: RunningServer, tmp_path: Path
) -> None:
    def ignore() -> None:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))

    words = ("-f", "show", "--", "grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status")
    with gearman(server, tmp_path, *words, prepare=ignore):
        shown = do(server, b"show").split()
    # Without those that are the C library's own.
    assert [int(shown[at], 16) & 0x7FFFFFFF for at in (1, 3)] == [0, 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_of_its_group_is_no_failure_of_the_command(
    server: RunningServer, tmp_path: Path, number: signal.Signals
) -> None:
    function = b"halt %d" % number
    words = ("-f", function.decode(), "--", "sh", "-c", "echo $$ > runs; exec sleep 60")
    with (
        gearman(server, tmp_path, *words) as process,
        Admin(server.address) as admin,
    ):
        handle = submit(server, function)
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "runs").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        os.killpg(process.pid, number)
        assert process.wait(PATIENCE) == -number
        (job,) = admin.job(handle)
        assert (job.state, job.attempts, job.crashes) == ("ready", 0, 0)
        admin.cancel(handle)


def test_another_job_server_gets_such_a_job_back_too(tmp_path: Path) -> None:
    def waiting() -> list[tuple[int, int]]:
        return [(row.waiting, row.workers) for row in admin.functions()]

    words = ("-f", "halt", "--", "sh", "-c", "echo $$ > runs; exec sleep 60")
    with (
        running_gearmand() as gearmand,
        Admin(gearmand.address) as admin,
        gearman(gearmand, tmp_path, *words) as process,
    ):
        submit(gearmand, b"halt")
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "runs").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(PATIENCE) == -signal.SIGTERM
        while waiting() != [(1, 0)]:
            assert time.monotonic() < until, waiting()
            time.sleep(0.02)
