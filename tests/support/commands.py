"""Run the commands that ask a job server, in a pipe or on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.support.programs import run
from tests.support.servers import RunningServer, geartrain_command

__all__ = ["Watching", "ask", "complaint", "objects", "on_terminal", "watching"]


def ask(server: RunningServer, *words: str, **environment: str) -> tuple[int, str, str]:
    """Run ``geartrain`` for a job server; return its status, stdout and stderr."""
    environment.setdefault("GEARTRAIN_SERVER", server.address)
    return run("geartrain", *words, **environment)


def objects(server: RunningServer, *words: str) -> list[dict[str, Any]]:
    """Run ``geartrain ... --json``, which succeeds; return the objects."""
    status, out, err = ask(server, *words, "--json")
    assert (status, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def complaint(status: int, done: tuple[int, str, str], name: str = "geartrain") -> str:
    """Return what a command that failed says in its one line."""
    found, out, err = done
    assert (found, out) == (status, ""), done
    assert err.startswith(f"{name}: ")
    assert err.count("\n") == 1
    return err.removeprefix(f"{name}: ").rstrip("\n")


def on_terminal(
    server: RunningServer, *words: str, keys: str = "", columns: int = 80
) -> tuple[int, list[str]]:
    """Run ``geartrain`` on a terminal, press keys; return its status and the lines."""
    process, keyboard = _started(server, words, columns)
    with open(keyboard, "r+b", buffering=0) as terminal:
        terminal.write(keys.encode())
        said = _read_all(terminal.fileno())
    return process.wait(10), said.decode().replace("\r\n", "\n").splitlines()


class Watching:
    """``geartrain`` on a terminal, until Ctrl-C is pressed."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self._said = ""

    def until(self, *texts: str, seconds: float = 20.0) -> str:
        """Return what it has said since the last call, once it has said these texts."""
        deadline = time.monotonic() + seconds
        while not all(text in self._said for text in texts):
            ready, _, _ = select.select(
                [self._terminal], [], [], max(0.0, deadline - time.monotonic())
            )
            assert ready, f"none of {texts} in {self._said[-2000:]!r}"
            self._said += os.read(self._terminal, 65536).decode(errors="replace")
        said, self._said = self._said, ""
        return said

    def resize(self, columns: int, lines: int = 24) -> None:
        """Change the terminal's size."""
        _resize(self._terminal, columns, lines)

    def terminate(self) -> None:
        """Tell it to end."""
        self._process.terminate()

    def wait(self) -> int:
        """Return its status once it has ended."""
        return self._process.wait(10)

    def press_ctrl_c(self) -> tuple[int, str]:
        """End it; return its status, and what it has said since."""
        os.write(self._terminal, b"\x03")
        said = self._said + _read_all(self._terminal).decode(errors="replace")
        return self._process.wait(10), said.replace("\r\n", "\n")


@contextmanager
def watching(
    server: RunningServer, *words: str, columns: int = 80, lines: int = 24
) -> Iterator[Watching]:
    """Run ``geartrain`` on a terminal for the length of the block."""
    process, terminal = _started(server, words, columns, lines)
    try:
        yield Watching(process, terminal)
    finally:
        process.kill()
        process.wait(10)
        os.close(terminal)


def _started(
    server: RunningServer, words: Sequence[str], columns: int, lines: int = 24
) -> tuple[subprocess.Popen[bytes], int]:
    """Start ``geartrain`` on a terminal of its own; return it, and the other side."""
    keyboard, screen = pty.openpty()
    _resize(screen, columns, lines)
    environment = {**os.environ, "GEARTRAIN_SERVER": server.address, "TERM": "xterm"}
    for name in ("COLUMNS", "LINES"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [*geartrain_command("geartrain"), *words],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        env=environment,
        preexec_fn=_of_its_terminal,
    )
    os.close(screen)
    return process, keyboard


def _of_its_terminal() -> None:
    """Have the terminal's keys reach a process."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # A shell that runs the tests in the background has them ignore it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _resize(terminal: int, columns: int, lines: int) -> None:
    size = struct.pack("HHHH", lines, columns, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def _read_all(terminal: int) -> bytes:
    said = b""
    try:
        while more := os.read(terminal, 65536):
            said += more
    except OSError:  # the terminal's other side has been closed
        pass
    return said
