"""Workers that are shell commands: ``--exec name='cmd …'``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import IO, Any, Protocol

from geartrain.supervisor.targets import Runnable

__all__ = ["command_handler", "command_worker", "exit_text"]

# So much of what a failing command wrote to stderr becomes the exception's text.
_MOST_ERROR = 65536


class CommandJob(Protocol):
    """What a command needs of a job."""

    handle: str
    unique: str
    function: str
    workload: bytes

    def send_warning(self, data: bytes) -> object:
        """Send WORK_WARNING."""

    def send_exception(self, data: bytes) -> object:
        """Send WORK_EXCEPTION, which ends the job."""


def command_worker(commands: dict[str, str]) -> Runnable:
    """Return a worker that runs a shell command for each job of a function."""
    from geartrain.worker import Worker

    worker: Any = Worker()
    for function, command in commands.items():
        worker.register(function, command_handler(command))
    runnable: Runnable = worker
    return runnable


def command_handler(command: str) -> Callable[[CommandJob], bytes | None]:
    """Return a handler that runs the command through the shell.

    The workload is its stdin, its stdout the result; each line of stderr is sent as
    WORK_WARNING. If it does not end with status 0, the job fails with its stderr as
    the exception.
    """

    def run_command(job: CommandJob) -> bytes | None:
        with _start(command, job) as process:
            assert process.stdin and process.stdout and process.stderr  # noqa: PT018
            results: list[bytes] = []
            feeding = _in_thread(_feed, process.stdin, job.workload)
            reading = _in_thread(_read_all, process.stdout, results)
            errors = _pass_on(process.stderr, job)
            reading.join()
            status = process.wait()
            feeding.join()
        if status == 0:
            return b"".join(results)
        job.send_exception(errors.strip() or exit_text(status).encode())
        return None

    return run_command


def exit_text(status: int) -> str:
    """Return how a process ended, its status as ``subprocess`` gives it."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f"killed by signal {-status}"
    return f"killed by signal {-status} ({name})"


def _start(command: str, job: CommandJob) -> subprocess.Popen[bytes]:
    environment = {
        "GEARMAN_HANDLE": job.handle,
        "GEARMAN_UNIQUE": job.unique,
        "GEARMAN_FUNCTION": job.function,
    }
    # No variable of a process can hold a NUL; a unique may.
    given = {name: value.replace("\0", "") for name, value in environment.items()}
    return subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **given},
    )


def _in_thread(task: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=task, args=arguments, daemon=True)
    thread.start()
    return thread


def _feed(stdin: IO[bytes], workload: bytes) -> None:
    """Write the workload; a command need not read it."""
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.write(workload)


def _read_all(stdout: IO[bytes], results: list[bytes]) -> None:
    results.append(stdout.read())


def _pass_on(stderr: IO[bytes], job: CommandJob) -> bytes:
    """Send each line as a warning when it comes; return the last ones."""
    tail = b""
    for line in stderr:
        job.send_warning(line.rstrip(b"\r\n"))
        tail = (tail + line)[-_MOST_ERROR:]
    return tail
