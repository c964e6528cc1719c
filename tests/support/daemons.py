"""Run ``gearmand -d`` in tests, and ask it by Debian's ``gearadmin``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.programs import accepts, run
from tests.support.servers import free_port
from tests.support.waiting import PATIENCE, wait_until


class Daemon:
    """A ``gearmand -d`` with its files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.pid_file = folder / "gearmand.pid"
        self.log = folder / "gearmand.log"

    @property
    def flags(self) -> list[str]:
        """Return the flags every tutorial gives."""
        return [
            *("-d", "-L", "127.0.0.1", "-p", str(self.port)),
            *("-P", str(self.pid_file), "-l", str(self.log)),
        ]

    def pid(self) -> int:
        """Return the process number in the pid file."""
        return int(self.pid_file.read_text())

    def kill(self, number: signal.Signals) -> None:
        """Send the daemon a signal, by its pid file."""
        os.kill(self.pid(), number)

    def wait_gone(self) -> None:
        """Wait until the daemon removed its pid file and closed its port."""
        wait_until(lambda: not self.pid_file.exists(), "the pid file is removed")
        wait_until(lambda: not accepts(self.port), "the port is closed")


@contextlib.contextmanager
def daemon(folder: Path, *flags: str, **environment: str) -> Iterator[Daemon]:
    """Start ``gearmand -d``; it is gone after the block."""
    started = Daemon(folder)
    status, out, err = run("gearmand", *started.flags, *flags, **environment)
    assert (status, out, err) == (0, "", "")
    pid = started.pid()
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def gearadmin(port: int, *flags: str) -> str:
    """Run Debian's ``gearadmin`` and return what it prints."""
    done = subprocess.run(
        ["gearadmin", "-h", "127.0.0.1", "-p", str(port), *flags],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, reaped or not."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        )
    except (FileNotFoundError, ProcessLookupError):
        return True
