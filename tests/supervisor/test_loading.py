"""A module that cannot be loaded says why, and never more often than it changes."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

from tests.support.servers import RunningServer, geartrain_command
from tests.support.supervised import TASKS, do, exists, running_workers, write_tasks
from tests.support.waiting import wait_until

HANGING = f"{TASKS}\ntime.sleep(600)\n"
# The first of its processes cannot load it.
FLAKY = f"""
import os
try:
    os.close(os.open("first", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    pass
else:
    raise RuntimeError("not today")
{TASKS}
"""
BROKEN = {
    "sys.exit(2)": "SystemExit: 2",
    "sys.exit('no such file')": "SystemExit: no such file",
    "import argparse\nargparse.ArgumentParser().parse_args()": "SystemExit: 2",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "class Stop(BaseException): pass\nraise Stop('here')": "Stop: here",
    "os._exit(0)": "exited with status 0 while it was loaded",
    "if os.fork(): os._exit(4)": "exited with status 4 while it was loaded",
    "os.kill(os.getpid(), 11)": "killed by signal 11 (SIGSEGV) while it was loaded",
    "os.closerange(3, 256)": "it closed descriptors that it does not own",
    "def": "SyntaxError: invalid syntax",
    "\nworker.run()": 'put run() under `if __name__ == "__main__":`',
    "\nworker.work(1)": 'put run() under `if __name__ == "__main__":`',
    "from geartrain import AsyncWorker\nimport asyncio\n"
    "asyncio.run(AsyncWorker().run())": 'put run() under `if __name__ == "__main__":`',
    "worker = print": " is a NoneType: name a Worker",
    "worker = Worker()": " serves no function: register one",
    "from . import other": "ImportError: attempted relative import",
    "raise ValueError('\\ud800' * 100 + 'odd')": "odd",
}


def test_what_cannot_be_loaded_is_told_and_there_is_no_start(
    folder: Path, server: RunningServer
) -> None:
    for number, text in enumerate(BROKEN):
        write_tasks(folder, f"{TASKS}\n{text}\n", f"tasks{number}")
    names = [f"tasks{number}" for number in range(len(BROKEN))]
    with running_workers(folder, server, *names, ready=False) as workers:
        assert workers.process.wait(60) == 1
        log = workers.log()
    assert log.endswith("geartrain: no worker can be loaded\n")
    for name, why in zip(names, BROKEN.values(), strict=True):
        (line,) = re.findall(rf"{name} cannot be loaded: (.*)\n", log)
        assert why in line


def test_an_address_of_the_worker_that_is_none_is_told_once(folder: Path) -> None:
    write_tasks(folder, f"{TASKS}\nworker.servers = 'a:b:c'\n")
    ended = subprocess.run(
        [*geartrain_command("geartrain"), "worker", "tasks"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert "tasks cannot be loaded: " in ended.stderr
    assert "a:b:c" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_module_that_can_be_loaded_by_one_process_is_tried_by_others_again(
    folder: Path, server: RunningServer
) -> None:
    write_tasks(folder, FLAKY)
    with running_workers(folder, server, "tasks", "--processes", "2") as workers:
        workers.wait_for("tasks cannot be loaded: RuntimeError: not today")
        wait_until(lambda: len(workers.pids()) == 2, "both processes")


def test_a_stop_does_not_wait_for_an_import_without_end(
    folder: Path, server: RunningServer
) -> None:
    write_tasks(folder, HANGING)
    with running_workers(folder, server, "tasks", ready=False) as workers:
        wait_until(lambda: (folder / "pids").exists(), "the import")
        began = time.monotonic()
        assert workers.stop() == 0
        # The grace is 25 seconds.
        assert time.monotonic() - began < 15
        assert "ERROR" not in workers.log()


def test_an_import_without_end_ends_with_a_parent_that_is_killed(
    folder: Path, server: RunningServer
) -> None:
    write_tasks(folder, HANGING)
    with running_workers(folder, server, "tasks", ready=False) as workers:
        wait_until(lambda: (folder / "pids").exists(), "the import")
        workers.process.kill()
        wait_until(lambda: not any(map(exists, workers.pids())), "it is gone")


def test_another_reload_takes_the_place_of_one_whose_import_has_no_end(
    folder: Path, server: RunningServer
) -> None:
    with running_workers(folder, server, "tasks") as workers:
        before = do(server, b"pid")
        write_tasks(folder, HANGING)
        workers.signal(signal.SIGHUP)
        wait_until(lambda: len(workers.pids()) == 2, "the import")
        assert do(server, b"pid") == before
        write_tasks(folder, f"{TASKS}\n# mended\n")
        workers.signal(signal.SIGHUP)
        workers.wait_for(": reloaded")
        assert do(server, b"pid") != before
        assert not exists(workers.pids()[1])


def test_a_worker_that_is_run_in_a_script_is_run_by_the_supervisor_too(
    folder: Path, server: RunningServer
) -> None:
    write_tasks(folder, f"{TASKS}\nif __name__ == '__main__':\n    worker.run()\n")
    with running_workers(folder, server, "tasks"):
        assert do(server, b"reverse", b"ab") == b"ba"


def test_standard_files_may_be_closed(folder: Path, server: RunningServer) -> None:
    words = [*geartrain_command("geartrain"), "worker", "--server", server.address]
    command = f"exec {shlex.join([*words, 'tasks', '--exec=up=tr a-z A-Z'])}"
    process = subprocess.Popen(["sh", "-c", f"{command} <&- >&- 2>&-"], cwd=folder)
    try:
        assert do(server, b"reverse", b"ab") == b"ba"
        assert do(server, b"up", b"ab") == b"AB"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
