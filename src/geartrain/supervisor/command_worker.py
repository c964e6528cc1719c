"""Workers that are shell commands: ``--exec name='cmd …'``."""

from __future__ import annotations

import os
from collections.abc import Callable

from geartrain.seconds import Seconds
from geartrain.supervisor.command import Stops, exit_text, run_command
from geartrain.worker.jobs import WorkerJob
from geartrain.worker.returns import give_back
from geartrain.worker.sync import Worker

__all__ = ["CommandWorker"]

# Bytes of a failed command's stderr, from its end, that become the exception.
_MOST_ERROR = 65536
# Bytes of a line of stderr. A longer one is sent in pieces.
_MOST_LINE = 65536


class CommandWorker(Worker):
    """Runs a shell command for each job of a function.

    The workload is its stdin and its stdout is the result; each line of its stderr is
    sent as WORK_WARNING. If its status is not 0, the job fails with its stderr as the
    exception. If it was stopped along with this process, the job goes back instead.

    Attributes:
        stops: tells commands that were stopped from those that failed.
    """

    def __init__(self, commands: dict[str, str]) -> None:
        """Take the commands, by the names of their functions."""
        self.stops = Stops()
        super().__init__()
        for function, command in commands.items():
            self.register(function, self._handler(command))

    def stop(self, deadline: Seconds | None = None) -> None:
        """Finish the jobs at hand and take no more, as every worker does."""
        self.stops.is_stopping = True
        super().stop(deadline)

    def _handler(self, command: str) -> Callable[[WorkerJob], bytes | None]:
        def run(job: WorkerJob) -> bytes | None:
            return self._run(command, job)

        return run

    def _run(self, command: str, job: WorkerJob) -> bytes | None:
        results: list[bytes] = []
        errors = _Errors(job)
        status = run_command(
            command,
            job.workload,
            results.append,
            errors.take,
            environment=_environment(job),
        )
        errors.end()
        if status == 0:
            return b"".join(results)
        if self.stops.explain(status):
            give_back(job)
        elif job.outcome is None:
            job.send_exception(_error(errors.tail, status))
        return None


class _Errors:
    """Sends each line that a command writes to stderr as a warning.

    Attributes:
        tail: the end of its stderr.
    """

    def __init__(self, job: WorkerJob) -> None:
        self.tail = b""
        self._job = job
        self._line = b""

    def take(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-_MOST_ERROR:]
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._send(line)
        if len(self._line) >= _MOST_LINE:
            self.end()

    def end(self) -> None:
        """Send the last line, even if it has no end."""
        if self._line:
            self._send(self._line)
            self._line = b""

    def _send(self, line: bytes) -> None:
        if self._job.outcome is None:
            self._job.send_warning(line.rstrip(b"\r"))


def _error(errors: bytes, status: int) -> bytes:
    """Return a failed command's stderr, and how it ended unless it says that itself."""
    said = errors.strip()
    if said and status > 0:
        return said
    ending = exit_text(status).encode()
    return said + b"\n" + ending if said else ending


def _environment(job: WorkerJob) -> dict[str, str]:
    given = {
        "GEARMAN_HANDLE": job.handle,
        "GEARMAN_UNIQUE": job.unique,
        "GEARMAN_FUNCTION": job.function,
    }
    # No variable of a process can hold a NUL; a unique may.
    return {
        **os.environ,
        **{name: value.replace("\0", "") for name, value in given.items()},
    }
