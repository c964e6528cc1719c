"""Job server processes, one after another, that are killed or kill themselves."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from proof.torture.steps import BORN, ENDED, KILLED, Step

__all__ = ["Nursery"]

ROOT = Path(__file__).parents[2]

# Maximum seconds for a job server to start or stop.
_PATIENCE = 60.0
_READY = re.compile(r"ready on .*:([0-9]+)$")


class Nursery:
    """A process of ``failpoints``, and the job server that it has just now.

    Attributes:
        log: what the job servers write to stderr.
        port: where the job server listens.
    """

    def __init__(self, folder: Path, window: int) -> None:
        """Start job servers that keep their jobs in ``folder``."""
        self.log = folder / "log"
        self.port = 0
        self._folder = folder
        self._window = window
        self._pid = 0
        self._status: int | None = None
        self._step = ""
        self._buffer = b""
        # It closes with this process, however that ends: then all job servers end.
        lifeline, self._lifeline = os.pipe()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "proof.torture.failpoints", str(lifeline)],
                cwd=ROOT,
                pass_fds=[lifeline],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
            )
        os.close(lifeline)

    def start(self, step: Step | None, passing: int) -> bool:
        """Start a job server; return whether it listened before it was killed."""
        self._pid, self._status, self._step, self.port = 0, None, "", 0
        store = f"sqlite://{self._folder}/queue.db"
        order = {
            "arguments": [
                *("server", "--port", "0", "--store", store, "--durability", "disk"),
                *("--config", f"{self._folder}/geartrain.toml", "--no-http"),
            ],
            "window": self._window,
            "step": step.name if step else None,
            "passing": passing,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        deadline = time.monotonic() + _PATIENCE
        while not self.port and self._status is None:
            assert self._hear(deadline), f"it did not start within {_PATIENCE} seconds"
        return self._status is None

    def _hear(self, deadline: float) -> bool:
        """Read the next line; return whether there was one in time."""
        while b"\n" not in self._buffer:
            assert self._process.stdout is not None
            ready, _, _ = select.select(
                [self._process.stdout], [], [], max(0.0, deadline - time.monotonic())
            )
            if not ready:
                return False
            data = os.read(self._process.stdout.fileno(), 4096)
            assert data, f"the nursery ended: {self.log.read_text()[-3000:]}"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        self._note(line.decode())
        return True

    def _note(self, line: str) -> None:
        found = _READY.search(line)
        if found is not None:
            self.port = int(found[1])
        elif line.startswith(BORN):
            self._pid = int(line.removeprefix(BORN))
        elif line.startswith(KILLED):
            self._step = line.removeprefix(KILLED)
        elif line.startswith(ENDED):
            self._status = int(line.removeprefix(ENDED))

    def kill(self) -> None:
        """Kill the job server from outside."""
        # No process has the number 0: it would stand for all of this group.
        assert self._pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def has_ended(self, seconds: float) -> bool:
        """Tell whether the job server ends by itself within some seconds."""
        deadline = time.monotonic() + seconds
        while self._status is None and self._hear(deadline):
            pass
        return self._status is not None

    def killed_at(self) -> str:
        """Return the step that ended the job server, empty if it was killed by us.

        Raises:
            AssertionError: it was not killed, but ended in another way.
        """
        assert self.has_ended(_PATIENCE), "it cannot be killed"
        assert self._status == -signal.SIGKILL, f"it ended with status {self._status}"
        return self._step

    def stop(self) -> None:
        """Stop the job server in order.

        Raises:
            AssertionError: it ended in another way.
        """
        assert self._pid
        os.kill(self._pid, signal.SIGTERM)
        assert self.has_ended(_PATIENCE), "it does not stop"
        assert self._status == 0, f"it ended with status {self._status} when stopped"

    def close(self) -> None:
        """End it all, whatever happened."""
        if self._pid and self._status is None:
            self.kill()
        os.close(self._lifeline)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
