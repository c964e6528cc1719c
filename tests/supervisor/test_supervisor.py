"""The parent of the processes, by what it does to them."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.jobs_in_states import submit
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
)
from tests.support.service_managers import notified
from tests.support.supervised import (
    TASKS,
    RunningWorkers,
    dead_letter,
    do,
    exists,
    running_workers,
    write_tasks,
)
from tests.support.waiting import wait_until

COVERS = (
    "supervisor/child",
    "supervisor/pool",
)


def start_nap(server: RunningServer, workers: RunningWorkers, seconds: float) -> str:
    """Have a worker sleep on a background job; return its handle."""
    handle = submit(server, b"nap", b"%g" % seconds)
    file = workers.folder / "napping"
    wait_until(lambda: file.exists() and file.read_text() == handle, "the job runs")
    return handle


def cancel(admin: Admin, handle: str) -> None:
    """Leave nothing for the next test."""
    admin.cancel(handle)


def test_each_process_takes_jobs(folder: Path, server: RunningServer) -> None:
    with running_workers(folder, server, "tasks", "--processes", "3") as workers:
        wait_until(lambda: len(workers.pids()) == 3, "three processes")
        naps = [
            threading.Thread(target=do, args=(server, b"nap", b"0.5")) for _ in "ab"
        ]
        for nap in naps:
            nap.start()
        assert do(server, b"reverse", b"abc") == b"cba"
        for nap in naps:
            nap.join()


def test_sigterm_lets_the_job_at_hand_finish(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        handle = start_nap(server, workers, 1.0)
        assert workers.stop() == 0
        assert [row.status for row in admin.job(handle)] == ["succeeded"]
        assert not any(map(exists, workers.pids()))


def test_a_job_that_outlasts_the_grace_goes_back_and_no_attempt_is_counted(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks", "--grace", "0.3") as workers:
        handle = start_nap(server, workers, 60.0)
        stopping = time.monotonic()
        assert workers.stop() == 0
        assert time.monotonic() - stopping < 5
    (job,) = admin.job(handle)
    assert (job.state, job.attempts, job.crashes) == ("ready", 0, 0)
    cancel(admin, handle)


def test_a_second_signal_stops_at_once_and_the_job_goes_back(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        handle = start_nap(server, workers, 60.0)
        workers.signal(signal.SIGINT)
        workers.wait_for("SIGINT, stopping")
        assert workers.stop() == 0
    (job,) = admin.job(handle)
    assert (job.state, job.attempts, job.crashes) == ("ready", 0, 0)
    cancel(admin, handle)


def test_a_sigterm_to_all_processes_stops_in_order_too(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        handle = start_nap(server, workers, 1.0)
        for pid in workers.pids():
            os.kill(pid, signal.SIGTERM)
        assert workers.stop() == 0
        assert [row.status for row in admin.job(handle)] == ["succeeded"]


def test_processes_end_with_a_parent_that_is_killed(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks", "--processes", "2") as workers:
        wait_until(lambda: len(workers.pids()) == 2, "both processes")
        workers.process.kill()
        wait_until(lambda: not any(map(exists, workers.pids())), "they are gone")


def test_a_process_whose_job_hangs_ends_with_its_parent_after_the_grace(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks", "--grace", "0.1") as workers:
        handle = start_nap(server, workers, 60.0)
        workers.process.kill()
        wait_until(lambda: not any(map(exists, workers.pids())), "they are gone")
    cancel(admin, handle)


@pytest.mark.parametrize(
    ("flag", "value", "function", "workload", "reason"),
    [
        ("--max-jobs", "3", b"reverse", b"ab", "3 jobs"),
        ("--max-seconds", "1", b"reverse", b"ab", "its age"),
        ("--max-memory", "150M", b"grow", b"20000000", "MiB of memory"),
    ],
)
def test_a_process_is_replaced_between_jobs(
    folder: Path,
    server: RunningServer,
    flag: str,
    value: str,
    function: bytes,
    workload: bytes,
    reason: str,
) -> None:
    with running_workers(folder, server, "tasks", flag, value) as workers:
        # On a busy machine it may have been replaced by now.
        before = workers.pids()[0]
        while len(workers.pids()) == 1:
            do(server, function, workload)
        wait_until(lambda: not exists(before), "the old process is gone")
        workers.wait_for(f"process {before} of tasks has ended: ")
        assert f"{reason}\n" in workers.log()
        assert "started again" not in workers.log()


def test_no_job_is_lost_when_processes_are_replaced_all_the_time(
    folder: Path, server: RunningServer
) -> None:
    flags = ("tasks", "--processes", "2", "--max-jobs", "5")
    with running_workers(folder, server, *flags) as workers:
        for number in range(60):
            word = b"%d-abc" % number
            assert do(server, b"reverse", word) == word[::-1]
        assert len(workers.pids()) >= 12


def test_one_broken_module_does_not_keep_the_others_from_work(
    folder: Path, server: RunningServer
) -> None:
    write_tasks(folder, "import no_such_module\n", "broken")
    flags = ("broken", "tasks", "--processes", "2")
    with running_workers(folder, server, *flags, ready=False) as workers:
        assert do(server, b"reverse", b"ab") == b"ba"
        text = "broken cannot be loaded: ModuleNotFoundError"
        workers.wait_for(text)
        write_tasks(folder, TASKS.replace('"pid"', '"other"'), "broken")
        assert len(do(server, b"other")) > 0
        # A process that began with the old text may end after one with the new.
        assert workers.log().count(text) <= 2


def test_if_nothing_can_be_loaded_there_is_no_start(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tusks", ready=False) as workers:
        assert workers.process.wait(20) == 1
        assert (
            "tusks cannot be loaded: ModuleNotFoundError: No module named 'tusks'"
            in (workers.log())
        )
        assert workers.log().endswith("geartrain: no worker can be loaded\n")


def test_concurrency_runs_jobs_of_one_process_at_once(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks", "--concurrency", "4") as workers:
        start_nap(server, workers, 1.0)
        assert do(server, b"pid").decode() == str(workers.pids()[0])


def test_jobs_taken_ahead_do_not_wait_behind_a_long_one(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    def running() -> int:
        return sum(row.running for row in admin.functions() if row.function == "nap")

    flags = ("tasks", "--prefetch", "2", "--grace", "0.2")
    handles = [submit(server, b"nap", b"30") for _ in range(4)]
    with running_workers(folder, server, *flags):
        wait_until(lambda: running() == 3, "two jobs are taken ahead")
        wait_until(lambda: running() == 1, "they are given back")
    for handle in handles:
        cancel(admin, handle)


def test_an_async_worker_is_run_and_stopped_too(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    text = """
import asyncio, os
from geartrain.worker import AsyncWorker

def make():
    worker = AsyncWorker()

    @worker.function("async_nap")
    async def nap(job):
        open("napping", "w").write(job.handle)
        await asyncio.sleep(float(job.workload))
        return str(os.getpid()).encode()

    return worker
"""
    write_tasks(folder, text, "async_tasks")
    with running_workers(folder, server, "async_tasks:make") as workers:
        first = do(server, b"async_nap", b"0")
        os.kill(int(first), signal.SIGKILL)
        assert do(server, b"async_nap", b"0") != first
        handle = submit(server, b"async_nap", b"1")
        file = folder / "napping"
        wait_until(lambda: file.read_text() == handle, "the job runs")
        assert workers.stop() == 0
        assert [row.status for row in admin.job(handle)] == ["succeeded"]


def test_a_system_without_room_for_a_process_is_asked_again(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        parent = workers.process.pid
        limits = resource.prlimit(parent, resource.RLIMIT_NOFILE)
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (3, limits[1]))
        os.kill(workers.pids()[0], signal.SIGKILL)
        workers.wait_for("no process for tasks can be started: Too many open files")
        resource.prlimit(parent, resource.RLIMIT_NOFILE, limits)
        assert do(server, b"reverse", b"ab") == b"ba"


def test_orphans_that_a_containers_first_process_gets_are_reaped(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    command = (
        "sh -c 'sleep 300 & echo $! >> orphans; wait' & sh -c 'kill -9 '$PPID; wait"
    )
    with running_workers(
        folder, server, f"--exec=orphan={command}", adopts=True
    ) as workers:
        handle = submit(server, b"orphan")
        workers.wait_for("killed by signal 9 (SIGKILL)")
        assert dead_letter(admin, handle).reason == "crash"
        parent = workers.process.pid
        wait_until(lambda: len(children(parent)) == 1, "only the worker is left")


def children(pid: int) -> list[str]:
    """Return the numbers of a process's children, ended or not."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_liveness_is_told_by_file_and_port(folder: Path, server: RunningServer) -> None:
    file, port = folder / "alive", free_port()
    flags = ("--liveness-file", str(file), "--liveness-port", str(port))
    with running_workers(folder, server, "tasks", *flags) as workers:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            assert (answer.status, answer.read()) == (200, b"ok\n")
        os.utime(file, (1, 1))
        wait_until(lambda: file.stat().st_mtime > 1, "it is touched again")
        write_tasks(folder, "1 / 0\n")
        os.kill(workers.pids()[0], signal.SIGKILL)
        workers.wait_for("cannot be loaded")
        wait_until(lambda: status_of(port) == 503, "it is not well")
        assert workers.stop() == 0
        assert not file.exists()


def status_of(port: int, path: str = "") -> int:
    url = f"http://127.0.0.1:{port}/{path}"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_it_is_ready_once_a_job_server_is_reached(folder: Path) -> None:
    port, liveness = free_port(), free_port()
    command = [*geartrain_command("geartrain"), "server", "--port", str(port)]
    command += ["--store", "memory:"]
    flags = ("tasks", "--liveness-port", f"localhost:{liveness}")
    with (
        run_server(command, port) as first,
        running_workers(folder, first, *flags) as workers,
    ):
        assert (status_of(liveness), status_of(liveness, "ready")) == (200, 200)
        first.process.kill()
        first.process.wait()
        wait_until(lambda: status_of(liveness, "ready") == 503, "it is not ready")
        assert status_of(liveness) == 200
        assert workers.stop() == 0
        with running_workers(folder, first, *flags, ready=False) as alone:
            alone.wait_for("liveness and readiness are answered on port")
            wait_until(lambda: status_of(liveness) == 200, "it is well")
            assert status_of(liveness, "ready") == 503
            assert "ready: " not in alone.log()
            with run_server(command, port):
                alone.wait_for("ready: 1 process")
                assert status_of(liveness, "ready") == 200


def test_a_handler_that_closes_descriptors_it_does_not_own_is_noticed(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    text = f"""
{TASKS}
@worker.function("close")
def close(job):
    os.closerange(3, 256)
    for number in range(20):
        open(f"file{{number}}", "w").close()
    kept = [os.open(f"mine{{number}}", os.O_RDWR | os.O_CREAT) for number in range(20)]
    if job.workload:
        time.sleep(60)
    return b"closed"
"""
    write_tasks(folder, text)
    with running_workers(folder, server, "tasks") as workers:
        for workload in (b"", b"and sleep"):
            letter = dead_letter(admin, submit(server, b"close", workload))
            assert letter.reason in ("crash", "lost")
        workers.wait_for("it closed descriptors that it does not own")
        assert do(server, b"reverse", b"ab") == b"ba"
    for file in folder.glob("mine*"):
        assert file.read_bytes() == b"", file


def test_a_handler_that_exits_with_status_3_is_told_of(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        letter = dead_letter(admin, submit(server, b"exit", b"3"))
        assert letter.error == "exited with status 3"
        workers.wait_for("exited with status 3, started again in")


def test_a_job_server_that_comes_back_finds_its_workers_again(folder: Path) -> None:
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--port", str(port)]
    command += ["--store", "memory:"]
    with (
        run_server(command, port) as first,
        running_workers(folder, first, "tasks") as workers,
    ):
        assert do(first, b"reverse", b"ab") == b"ba"
        first.process.kill()
        first.process.wait()
        with run_server(command, port) as second:
            assert do(second, b"reverse", b"ab") == b"ba"
            assert len(workers.pids()) == 1


def test_the_service_manager_hears_of_it(folder: Path, server: RunningServer) -> None:
    with notified(1.0) as notifications:
        told = notifications.variables
        with running_workers(folder, server, "tasks", environment=told) as workers:
            assert "1/1 processes" in notifications.wait("READY")["STATUS"]
            notifications.wait("WATCHDOG", 2)
            workers.process.send_signal(signal.SIGHUP)
            notifications.wait("RELOADING")
            notifications.wait("READY", 2)
            workers.process.send_signal(signal.SIGTERM)
            notifications.wait("STOPPING")
            assert workers.process.wait(20) == 0
