"""A process that leaves ends as any Python program does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.jobs_in_states import submit
from tests.support.servers import RunningServer
from tests.support.supervised import (
    TASKS,
    dead_letter,
    do,
    exists,
    running_workers,
    write_tasks,
)
from tests.support.waiting import wait_until

HANDING_OVER = f"""
import atexit, threading
from concurrent.futures import ThreadPoolExecutor
{TASKS}
pool = ThreadPoolExecutor(2)

def write(name):
    time.sleep(0.3)
    Path(name).touch()

@worker.function("hand_over")
def hand_over(job):
    pool.submit(write, "executor")
    threading.Thread(target=write, args=("thread",)).start()
    atexit.register(write, "atexit")
    if job.workload:
        sys.exit(job.workload.decode())
    return b"handed over"

@worker.function("forget")
def forget(job):
    threading.Thread(target=time.sleep, args=(600,)).start()
    if job.workload:
        sys.exit(int(job.workload))
    return b"forgotten"
"""
WRITTEN = ("executor", "thread", "atexit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tasks(tmp_path, HANDING_OVER)
    return tmp_path


def is_written(folder: Path) -> bool:
    return all((folder / name).exists() for name in WRITTEN)


def test_what_was_handed_over_is_done_before_a_process_is_replaced(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks", "--max-jobs", "1") as workers:
        assert do(server, b"hand_over") == b"handed over"
        wait_until(lambda: is_written(folder), "all is done")
        assert do(server, b"reverse", b"ab") == b"ba"
        assert "ERROR" not in workers.log()


def test_what_was_handed_over_is_done_before_a_stop(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        do(server, b"hand_over")
        assert workers.stop() == 0
        assert is_written(folder)


def test_what_was_handed_over_is_done_when_a_handler_exits(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        letter = dead_letter(admin, submit(server, b"hand_over", b"out of paper"))
        assert (letter.reason, letter.error) == ("crash", "exited with status 1")
        assert is_written(folder)
        assert "\nout of paper\n" in workers.log()


def test_a_thread_that_never_ends_keeps_a_process_for_the_grace_only(
    folder: Path, server: RunningServer, admin: Admin
) -> None:
    flags = ("tasks", "--max-jobs", "1", "--grace", "0.2")
    with running_workers(folder, server, *flags) as workers:
        assert do(server, b"forget") == b"forgotten"
        workers.wait_for("is killed: it did not stop in time")
        letter = dead_letter(admin, submit(server, b"forget", b"3"))
        assert (letter.reason, letter.error) == ("crash", "exited with status 3")
        assert do(server, b"reverse", b"ab") == b"ba"


def test_a_handlers_own_process_is_no_second_worker(
    folder: Path, server: RunningServer
) -> None:
    text = f"""
import multiprocessing
{TASKS}
@worker.function("start")
def start(job):
    own = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    own.start()
    own.terminate()
    own.join(20)
    return str(own.exitcode).encode()
"""
    write_tasks(folder, text)
    with running_workers(folder, server, "tasks") as workers:
        assert do(server, b"start") == b"-15"
        assert do(server, b"pid").decode() == str(workers.pids()[0])


def test_a_sigterm_for_one_process_replaces_it(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        (pid,) = workers.pids()
        os.kill(pid, signal.SIGHUP)
        assert do(server, b"pid").decode() == str(pid)
        os.kill(pid, signal.SIGTERM)
        workers.wait_for(f"process {pid} of tasks has ended: SIGTERM")
        assert do(server, b"pid").decode() != str(pid)


def test_all_that_commands_have_started_ends_with_a_parent_that_is_killed(
    folder: Path, server: RunningServer
) -> None:
    command = "sleep 600 & echo $! >> started"
    with running_workers(folder, server, f"--exec=go={command}") as workers:
        do(server, b"go")
        workers.process.kill()
        pid = int((folder / "started").read_text())
        wait_until(lambda: not exists(pid), "it is gone")
