"""Worker processes of a library, and what they use."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import LoadError

GRACE = 5.0
"""Seconds that worker processes may take to end before they are killed."""

LOG_TAIL = 2000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Processes that do jobs, with all processes that they started."""

    processes: Sequence[subprocess.Popen[bytes]]
    log: Path

    def cpu_seconds(self) -> float:
        """Return the processor time of all of them, also of those that have ended.

        Raises:
            LoadError: one of them has ended by itself.
        """
        self.check()
        return tree_seconds(*(process.pid for process in self.processes))

    def check(self) -> None:
        """Do nothing while all of them run.

        Raises:
            LoadError: one of them has ended; says what they wrote.
        """
        for process in self.processes:
            if process.poll() is not None:
                raise LoadError(
                    f"{process.args!r} ended with {process.returncode}: {self.tail()}"
                )

    def tail(self) -> str:
        """Return the end of what they wrote."""
        return self.log.read_text(errors="replace")[-LOG_TAIL:]


@contextmanager
def working(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    root: Path,
    log: Path,
) -> Iterator[Crew]:
    """Run worker processes in the folder ``root`` for the length of the block."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with log.open("wb") as output:
            for command in commands:
                process = subprocess.Popen(
                    command,
                    cwd=root,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
                processes.append(process)
        yield Crew(processes=processes, log=log)
    finally:
        _end(processes)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        # Each leads a session of its own: this ends what it has left behind too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tree_seconds(*roots: int) -> float:
    """Return the processor time of processes and all that they have started."""
    children = _children()
    used, pids = 0.0, [*roots]
    while pids:
        pid = pids.pop()
        used += process_seconds(pid) + _ended_children_seconds(pid)
        pids += children.get(pid, [])
    return used


def process_seconds(pid: int) -> float:
    """Return user and system seconds of a process, all threads together.

    The clock is that of ``clock_getcpuclockid``, in nanoseconds; 0 if it has ended.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _ended_children_seconds(pid: int) -> float:
    """Return what the children that a process has waited for have used."""
    fields = _stat(pid)
    return (int(fields[13]) + int(fields[14])) / _TICKS if fields else 0.0


def _children() -> dict[int, list[int]]:
    """Return the processes of this machine by their parent."""
    found: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))):
            found.setdefault(int(fields[1]), []).append(int(entry))
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name in ``/proc/PID/stat``; none if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
