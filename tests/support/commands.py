"""Run the commands that ask a job server, in a pipe or on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from typing import Any

from tests.support.programs import run
from tests.support.servers import RunningServer, geartrain_command

__all__ = ["ask", "complaint", "objects", "on_terminal"]


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
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "GEARTRAIN_SERVER": server.address, "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(
        [*geartrain_command("geartrain"), *words],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        env=environment,
    )
    os.close(screen)
    with open(keyboard, "r+b", buffering=0) as terminal:
        terminal.write(keys.encode())
        said = _read_all(terminal.fileno())
    return process.wait(10), said.decode().replace("\r\n", "\n").splitlines()


def _read_all(terminal: int) -> bytes:
    said = b""
    try:
        while more := os.read(terminal, 65536):
            said += more
    except OSError:  # the terminal's other side has been closed
        pass
    return said
