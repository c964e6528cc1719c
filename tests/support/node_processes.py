"""Job servers of a cluster, as processes that are killed, held and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import wait_until
from tests.support.wall_clocks import WallClock
from tests.support.wire import Wire

__all__ = ["Node"]


class Node:
    """One node of the cluster.

    Attributes:
        name: its name.
        address: where clients, workers and other nodes reach it: host and port.
        clock: the system's clock as it sees it; None for everybody's.
    """

    def __init__(
        self,
        name: str,
        address: tuple[str, int],
        folder: Path,
        command: Sequence[str],
        clock: WallClock | None = None,
    ) -> None:
        """Start it by a command, which may have it run in a process of its own."""
        self.name = name
        self.address = address
        self.clock = clock
        self._log = folder / f"{name}.log"
        self._command = [*command, "--no-http", "--node-name", name]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 60.0) -> None:
        """Start it, and wait until it answers; one that ends is started again.

        So would a service manager, while its database is not there yet.
        """
        self._begin()
        wait_until(self._answers, self.name, timeout=seconds)

    def _begin(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            time.sleep(0.5)
            self._begin()
        with (
            suppress(OSError, AssertionError, EOFError),
            Wire(self.connect(1.0)) as wire,
        ):
            return wire.echoes()
        return False

    def connect(self, seconds: float) -> socket.socket:
        """Open a connection within so many seconds, or raise OSError."""
        connection = socket.create_connection(self.address, seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def kill(self) -> None:
        """Kill it: it can say nothing any more."""
        self._signal(signal.SIGKILL)
        self._wait(10)

    def stop(self) -> int:
        """Stop it in order; return its exit status."""
        self._signal(signal.SIGTERM)
        return self._wait(60)

    def hold(self) -> None:
        """Have it do nothing, until ``go_on``."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on, as if no time had passed."""
        self._signal(signal.SIGCONT)

    def crawl(self, seconds: float) -> None:
        """Have it run a hundred times slower for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._signal(signal.SIGSTOP)
            time.sleep(0.099)
            self._signal(signal.SIGCONT)
            time.sleep(0.001)

    def end(self) -> None:
        """End it if it runs, whatever it does."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def said(self) -> str:
        """Return the end of its log."""
        return self._told()[-3000:]

    def count(self, text: str) -> int:
        """Return how often its log says something."""
        return self._told().count(text)

    def _told(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _signal(self, number: int) -> None:
        assert self._process is not None
        pid = self._process.pid
        with suppress(ProcessLookupError, FileNotFoundError):
            # In a process namespace of its own it is the child of who made that.
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            os.kill(int(children[0]) if children else pid, number)

    def _wait(self, seconds: float) -> int:
        assert self._process is not None
        return self._process.wait(seconds)
