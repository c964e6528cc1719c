"""``gearman -w``: run a command, or print, for each job."""

from __future__ import annotations

import logging
import sys

from geartrain.cli.gearman_flags import GearmanFlags
from geartrain.cli.gearman_servers import ServerTracker, complain
from geartrain.supervisor.command import (
    Stops,
    default_signals,
    exit_text,
    run_command,
)
from geartrain.transport.connect import Connector
from geartrain.worker.jobs import WorkerJob
from geartrain.worker.returns import give_back
from geartrain.worker.sync import Worker

__all__ = ["GearmanWorker"]

_WORK = "gearman_worker_work"
_TIMEOUT = (
    "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), no servers"
    " were available, pipe:true"
)


class GearmanWorker:
    """Takes jobs one at a time, and runs the given command for each."""

    def __init__(self, flags: GearmanFlags, servers: list[Connector]) -> None:
        self._command = flags.words
        self._by_line = flags.by_line
        self._strips = "N" in flags.given
        self._left = max(0, flags.number("c") or 0)
        milliseconds = flags.number("t")
        has_limit = milliseconds is not None and milliseconds >= 0
        self._limit = (milliseconds or 0) / 1000 if has_limit else None
        self._is_stopped = False
        self._stops = Stops()
        # If this program ignores a terminal's signals, as under nohup or in the
        # background of a shell, its commands should not get them either.
        self._is_apart = default_signals()
        self._is_unreachable = False
        # This program complains in the original's words instead.
        logging.getLogger("geartrain.worker").setLevel(logging.ERROR)
        self._worker = Worker(ServerTracker(servers, self._unreachable).connectors)
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
        """Finish the current job and take no more; safe in a signal handler."""
        self._is_stopped = True
        self._stops.is_stopping = self._stops.is_signalled = True
        self._worker.stop()

    def _tell_why(self, is_counted: bool) -> None:
        if not self._is_unreachable:
            complain(_WORK, _TIMEOUT)
        elif is_counted:
            # It was stopped only to end its attempts to connect.
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
        output = _Lines(job, self._strips) if self._by_line else _Whole()
        try:
            status = run_command(
                self._command,
                job.workload,
                output.take,
                own_group=self._is_apart,
            )
        except OSError as error:
            complain("execvp", f"{self._command[0]}: {error.strerror or error}")
            job.send_fail()
            return b""
        if status != 0 and self._stops.explain(status):
            give_back(job)
            return b""
        result = output.end()
        if status == 0:
            return result
        if result:
            job.send_data(result)
        complain(job.function, f"{job.handle} failed: {_ending(status)}")
        job.send_fail()
        return b""


class _Whole:
    """Collects the output of a command as the job's result."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def take(self, data: bytes) -> None:
        self._pieces.append(data)

    def end(self) -> bytes:
        """Return the result."""
        return b"".join(self._pieces)


class _Lines:
    """Sends each line of output as it comes; the result is empty."""

    def __init__(self, job: WorkerJob, strips: bool) -> None:
        self._job = job
        self._strips = strips
        # Pieces of a line. Joining them for each would take quadratic time.
        self._line: list[bytes] = []

    def take(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._line.append(line if self._strips else line + b"\n")
            self._send()
        if rest:
            self._line.append(rest)

    def end(self) -> bytes:
        """Send the last line, even if it has no end."""
        if self._line:
            self._send()
        return b""

    def _send(self) -> None:
        line = b"".join(self._line)
        self._line.clear()
        self._job.send_data(line)


def _ending(status: int) -> str:
    return f"the command {'was ' if status < 0 else ''}{exit_text(status)}"
