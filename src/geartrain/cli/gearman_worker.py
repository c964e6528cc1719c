"""``gearman -w``: run a command, or print, for each job."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from typing import IO

from geartrain.cli.gearman_flags import Flags
from geartrain.cli.gearman_servers import Ways, complain
from geartrain.transport.connect import Connector
from geartrain.worker.jobs import WorkerJob
from geartrain.worker.sync import Worker

__all__ = ["CommandWorker"]

_WORK = "gearman_worker_work"
_TIMEOUT = (
    "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), no servers"
    " were available, pipe:true"
)


class CommandWorker:
    """Takes jobs one at a time and hands them to the command line's command."""

    def __init__(self, flags: Flags, servers: list[Connector]) -> None:
        self._command = flags.words
        self._by_line = flags.by_line
        self._strips = "N" in flags.given
        self._left = max(0, flags.number("c") or 0)
        milliseconds = flags.number("t")
        has_limit = milliseconds is not None and milliseconds >= 0
        self._limit = (milliseconds or 0) / 1000 if has_limit else None
        self._is_stopped = False
        self._is_unreachable = False
        # What it warns of, this says in the original's words.
        logging.getLogger("geartrain.worker").setLevel(logging.ERROR)
        self._worker = Worker(Ways(servers, self._unreachable).connectors)
        for function in flags.functions:
            self._worker.register(function, self._perform)

    def run(self) -> None:
        """Work until ``stop``, or for as many jobs as were asked for.

        As in the original, each timeout counts as a job, and so does each time that no
        job server can be reached.
        """
        is_counted = self._left > 0
        while not self._is_stopped:
            if not self._worker.work(self._limit) and not self._is_stopped:
                self._tell_why(is_counted)
            self._left -= 1
            if is_counted and self._left == 0:
                break
        self._worker.close()

    def stop(self) -> None:
        """Finish the job at hand and take no more; for a signal handler."""
        self._is_stopped = True
        self._worker.stop()

    def _tell_why(self, is_counted: bool) -> None:
        if not self._is_unreachable:
            complain(_WORK, _TIMEOUT)
        elif is_counted:
            # Stopping it was the only way to get out of its attempts to connect.
            self._worker.close()
        self._is_unreachable = False

    def _unreachable(self, server: str) -> None:
        complain(
            _WORK, f"flush(GEARMAN_COULD_NOT_CONNECT) Connection to {server} failed"
        )
        if self._left > 0:
            self._is_unreachable = True
            self._worker.stop()

    def _perform(self, job: WorkerJob) -> bytes:
        if not self._command:
            sys.stdout.buffer.write(job.workload)
            sys.stdout.flush()
            return b""
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            complain("execvp", f"{self._command[0]}: {error.strerror or error}")
            job.send_fail()
            return b""
        with process:
            result = self._lines(process, job) if self._by_line else _all(process, job)
        if process.returncode == 0:
            return result
        if result:
            job.send_data(result)
        complain(job.function, f"{job.handle} failed: {_ending(process.returncode)}")
        job.send_fail()
        return b""

    def _lines(self, process: subprocess.Popen[bytes], job: WorkerJob) -> bytes:
        """Send each line as it comes; nothing is left for the result."""
        assert process.stdin is not None
        assert process.stdout is not None
        feeder = threading.Thread(
            target=_feed, args=(process.stdin, job.workload), daemon=True
        )
        feeder.start()
        for line in process.stdout:
            job.send_data(line.removesuffix(b"\n") if self._strips else line)
        feeder.join()
        return b""


def _feed(stdin: IO[bytes], workload: bytes) -> None:
    """Write a workload to a command, which need not read it."""
    try:
        with stdin:
            stdin.write(workload)
    except BrokenPipeError:
        pass


def _all(process: subprocess.Popen[bytes], job: WorkerJob) -> bytes:
    return process.communicate(job.workload)[0]


def _ending(status: int) -> str:
    if status < 0:
        return f"the command was killed by signal {-status}"
    return f"the command exited with status {status}"
