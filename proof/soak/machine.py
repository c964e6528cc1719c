"""A machine that goes wrong: a small disk, a calendar that jumps, a server killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from geartrain.admin import Admin
from geartrain.errors import GeartrainError
from proof.soak.kinds import MAX_PACKET
from tests.support.faults import Faults
from tests.support.servers import geartrain_command

__all__ = ["Machine"]

_DISK_MIB = 48
_START = 60.0


class Machine:
    """One job server on its own disk, always restarted on the same port.

    Attributes:
        kills: how often it was killed.
        stops: how often it was stopped in order.
        statuses: the exit statuses of the orderly stops.
        peak: bytes of resident memory, the most that was seen.
    """

    def __init__(self, folder: Path, port: int, faults: Faults) -> None:
        """Mount the disk; only root can.

        Raises:
            subprocess.CalledProcessError: it cannot be mounted.
        """
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.kills = 0
        self.stops = 0
        self.statuses: list[int] = []
        self.peak = 0
        self._folder = folder
        self._port = port
        self._faults = faults
        self._process: subprocess.Popen[bytes] | None = None
        size = f"size={_DISK_MIB}m"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", self.disk], check=True
        )
        (folder / "geartrain.toml").write_text(
            '[functions."soak"]\nmax_attempts = 1\nmax_crashes = 2\n'
            'options_in_names = true\nkey_concurrency = 2\nrate = "5000/1s"\n'
            "backoff_delay = 0.1\nttl = 86400\n"
        )

    def start(self) -> None:
        """Start the job server and wait until it answers.

        Raises:
            AssertionError: it did not start.
        """
        flags = ["--port", str(self._port), "--store", f"sqlite://{self.disk}/jobs.db"]
        flags += ["--config", f"{self._folder}/geartrain.toml"]
        flags += ["--max-packet", str(MAX_PACKET), "--no-http"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*geartrain_command("geartrain"), "server", *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START
        while not self.answers():
            assert self._process.poll() is None, "the job server ended at its start"
            assert time.monotonic() < deadline, "the job server does not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        """Tell whether the job server answers a text command."""
        try:
            with Admin(f"127.0.0.1:{self._port}", 5) as admin:
                return bool(admin.version())
        except (GeartrainError, OSError):
            return False

    def kill(self) -> None:
        """Kill the job server and start it again."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.kills += 1
        self.start()

    def stop(self) -> None:
        """Stop the job server in order."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self.statuses.append(self._process.wait(60))
        self.stops += 1

    def is_running(self) -> bool:
        """Tell whether the job server is still running."""
        return self._process is not None and self._process.poll() is None

    def look(self) -> None:
        """Note how much memory the job server has."""
        assert self._process is not None
        with contextlib.suppress(OSError, IndexError):
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
            self.peak = max(self.peak, int(pages) * os.sysconf("SC_PAGE_SIZE"))

    def fill_disk(self) -> None:
        """Let another program fill the disk to the last byte."""
        with (self.disk / "filler").open("wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(65536))
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x")

    def empty_disk(self) -> None:
        """Let that program remove its file."""
        (self.disk / "filler").unlink(missing_ok=True)

    def jump(self, seconds: int) -> None:
        """Make the system clock jump."""
        self._faults.jump(seconds)

    def close(self) -> None:
        """End the job server and unmount the disk."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        subprocess.run(["umount", "-l", self.disk], check=False)

    def keep_store(self) -> None:
        """Copy the store beside the disk, to be looked at."""
        shutil.copytree(self.disk, self._folder / "store")


def python(*words: str) -> list[str]:
    """Return the command that runs a module with this Python."""
    return [sys.executable, "-m", *words]
