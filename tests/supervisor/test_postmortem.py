"""What the job server is told about the jobs of a process that died."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.errors import UnknownJobError
from geartrain.protocol.constants import PacketType
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector
from geartrain.transport.tls import Tls
from tests.support.certificates import Authority
from tests.support.jobs_in_states import submit
from tests.support.servers import RunningServer, running_gearmand, running_geartrain
from tests.support.supervised import dead_letter, do, exists, running_workers
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("supervisor/process",)


@pytest.mark.parametrize(
    ("function", "workload", "error"),
    [
        (b"kill", b"SIGKILL", "killed by signal 9 (SIGKILL)"),
        (b"kill", b"SIGSEGV", "killed by signal 11 (SIGSEGV)"),
        (b"exit", b"0", "exited with status 0"),
        (b"exit", b"42", "exited with status 42"),
        (b"sys_exit", b"7", "exited with status 7"),
    ],
)
def test_a_dead_letter_says_what_its_process_died_of(
    folder: Path,
    server: RunningServer,
    admin: Admin,
    function: bytes,
    workload: bytes,
    error: str,
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        handle = submit(server, function, workload)
        letter = dead_letter(admin, handle)
        assert (letter.reason, letter.error, letter.crashes) == ("crash", error, 1)
        workers.wait_for(f": {error}, started again in ")
        assert do(server, b"reverse", b"abc") == b"cba"


def test_a_job_that_hangs_is_killed_with_its_process(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks", "--job-timeout", "0.5") as workers:
        (before,) = workers.pids()
        letter = dead_letter(admin, submit(server, b"nap", b"60"))
        assert letter.reason == "timeout"
        assert letter.error == "ran longer than 0.5 s: its process was killed"
        assert (letter.attempts, letter.crashes) == (1, 0)
        wait_until(lambda: not exists(before), "the process is gone")
        assert do(server, b"reverse", b"abc") == b"cba"
        assert len(workers.pids()) == 2


def test_a_handler_that_outruns_its_functions_timeout_frees_its_place(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        assert dead_letter(admin, submit(server, b"limited")).reason == "timeout"
        assert do(server, b"reverse", b"abc") == b"cba"
        assert len(workers.pids()) == 2


def test_a_job_beside_the_one_that_hangs_goes_back(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    flags = ("tasks", "--job-timeout", "2", "--concurrency", "2")
    with running_workers(folder, server, *flags):
        hanging = submit(server, b"nap", b"60")
        wait_until(lambda: (folder / "napping").exists(), "the job runs")
        wait_until(lambda: admin.job(hanging)[0].started is not None, "it is known")
        wait_for_age(admin, hanging, 1.0)
        beside = submit(server, b"nap", b"1.8")
        assert dead_letter(admin, hanging).reason == "timeout"
        wait_until(lambda: not has_job(admin, beside), "the other job is done")
        with pytest.raises(UnknownJobError):
            admin.dead_show(beside)


def wait_for_age(admin: Admin, handle: str, seconds: float) -> None:
    """Return once a job has run for so long, by the job server's clock."""
    started = admin.job(handle)[0].started
    assert started is not None
    stamp = os.times().elapsed
    wait_until(lambda: os.times().elapsed - stamp >= seconds, "time passes")


def has_job(admin: Admin, handle: str) -> bool:
    try:
        return any(row.ended is None for row in admin.job(handle))
    except UnknownJobError:
        return False


def test_the_job_server_is_told_by_tls_too(folder: Path) -> None:
    authority = Authority(folder / "certificates")
    server, worker = authority.issue("server"), authority.issue("worker")
    served = ("--tls-cert", server.cert, "--tls-key", server.key)
    shown = ("--tls-cert", worker.cert, "--tls-key", worker.key)
    demanded = (*served, "--tls-ca", authority.ca, "--job-retries", "1")
    flags = ("--tls-ca", authority.ca, *shown)
    with (
        running_geartrain(*map(str, demanded)) as running,
        running_workers(folder, running, "tasks", *map(str, flags)) as workers,
        Admin(running.address, tls=worker.tls(authority.ca)) as admin,
    ):
        handle = _submit_by_tls(running, worker.tls(authority.ca))
        letter = dead_letter(admin, handle)
        assert (letter.reason, letter.error) == ("crash", "exited with status 42")
        workers.wait_for("started again")


def _submit_by_tls(server: RunningServer, tls: Tls) -> str:
    connector = SocketConnector(parse_address(server.address), tls)
    with Wire(connector.connect(10)) as client:
        client.send(PacketType.SUBMIT_JOB_BG, b"exit", b"", b"42")
        return client.expect(PacketType.JOB_CREATED)[0].decode()


def test_another_job_server_finds_out_by_itself(folder: Path) -> None:
    with (
        running_gearmand("--job-retries=1") as gearmand,
        running_workers(folder, gearmand, "tasks") as workers,
        Wire(gearmand.connect()) as client,
    ):
        client.submit(b"exit", b"42")
        client.expect(PacketType.WORK_FAIL)
        workers.wait_for("exited with status 42, started again")
        assert do(gearmand, b"reverse", b"abc") == b"cba"


def test_a_process_without_a_job_dies_without_a_word(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        letters = len(list(admin.dead_list()))
        (pid,) = workers.pids()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(workers.pids()) == 2, "another process")
        assert len(list(admin.dead_list())) == letters
