"""Run ``geartrain worker`` on a module that a test writes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from geartrain.admin import Admin
from geartrain.admin.job_rows import JobRow
from geartrain.errors import UnknownJobError
from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer, geartrain_command
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wire import Wire

_PR_SET_CHILD_SUBREAPER = 36

TASKS = """
import os, signal, sys, time
from pathlib import Path

from geartrain.worker import Worker

worker = Worker()
Path("pids").open("a").write(f"{os.getpid()}\\n")

@worker.function("pid")
def pid(job):
    return str(os.getpid()).encode()

@worker.function("reverse")
def reverse(job):
    return job.workload[::-1]

@worker.function("kill")
def kill(job):
    os.kill(os.getpid(), getattr(signal, job.workload.decode()))
    time.sleep(30)

@worker.function("exit")
def leave(job):
    os._exit(int(job.workload))

@worker.function("sys_exit")
def sys_leave(job):
    sys.exit(int(job.workload))

@worker.function("nap")
def nap(job):
    Path("napping").write_text(job.handle)
    time.sleep(float(job.workload))
    return b"rested"

@worker.function("limited", timeout=0.5)
def limited(job):
    time.sleep(60)

@worker.function("grow")
def grow(job, kept=[]):
    kept.append(b"x" * int(job.workload))
    return str(os.getpid()).encode()
"""


@dataclass(frozen=True, kw_only=True)
class RunningWorkers:
    """A ``geartrain worker`` that runs in a folder."""

    process: subprocess.Popen[bytes]
    folder: Path

    def log(self) -> str:
        """Return what it wrote to stderr so far."""
        return (self.folder / "log").read_text()

    def wait_for(self, text: str, count: int = 1) -> None:
        """Return once a text is in the log so often."""
        what = f"{text!r} in the log"
        wait_until(lambda: self.log().count(text) >= count, what)

    def pids(self) -> list[int]:
        """Return the processes that have loaded the module so far."""
        return [int(line) for line in (self.folder / "pids").read_text().split()]

    def signal(self, number: signal.Signals) -> None:
        """Send the parent a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """Send SIGTERM; return the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def write_tasks(folder: Path, text: str = TASKS, name: str = "tasks") -> None:
    """Write a module."""
    (folder / f"{name}.py").write_text(text)


def _adopt() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def running_workers(
    folder: Path,
    server: RunningServer,
    *flags: str,
    ready: bool = True,
    adopts: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningWorkers]:
    """Run ``geartrain worker`` for the length of the block; nothing is left of it.

    With ``adopts`` it gets the orphans of its children, as a container's first
    process does.
    """
    command = [*geartrain_command("geartrain"), "worker", "--server", server.address]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            preexec_fn=_adopt if adopts else None,
            env={**os.environ, **(environment or {})},
        )
    workers = RunningWorkers(process=process, folder=folder)
    try:
        if ready:
            workers.wait_for("ready: ")
        yield workers
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def do(server: RunningServer, function: bytes, workload: bytes = b"") -> bytes:
    """Submit a job and return its result."""
    with Wire(server.connect(PATIENCE)) as client:
        client.submit(function, workload)
        return client.expect(PacketType.WORK_COMPLETE, 2)[1]


def dead_letter(admin: Admin, handle: str) -> JobRow:
    """Return a job's dead letter once there is one."""

    def is_dead() -> bool:
        try:
            return admin.dead_show(handle).state == "dead"
        except UnknownJobError:
            return False

    wait_until(is_dead, f"{handle} is a dead letter")
    return admin.dead_show(handle)


def exists(pid: int) -> bool:
    """Tell whether a process lives; one that nobody has reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
