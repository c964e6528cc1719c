"""A real terminal for programs in tests: tmux, whose screen can be read."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from tests.support.waiting import PATIENCE


class Tmux:
    """A program in a terminal of its own."""

    def __init__(self, name: str) -> None:
        self._name = name

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._run("send-keys", "-t", self._name, *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal."""
        size = ("-x", str(columns), "-y", str(lines))
        self._run("resize-window", "-t", self._name, *size)

    def screen(self, *flags: str) -> str:
        """Return what is on the screen; with ``-e`` colours, too."""
        return self._run("capture-pane", "-p", "-t", self._name, *flags)

    def until(self, *texts: str, gone: tuple[str, ...] = ()) -> str:
        """Return the screen once these texts are on it, and others are not."""
        deadline = time.monotonic() + PATIENCE
        while True:
            screen = self.screen()
            is_there = all(text in screen for text in texts)
            if is_there and not any(text in screen for text in gone):
                return screen
            assert time.monotonic() < deadline, f"{texts} without {gone}:\n{screen}"
            time.sleep(0.1)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._name, *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout


@contextmanager
def in_tmux(
    command: Sequence[str], columns: int = 100, lines: int = 30, **environment: str
) -> Iterator[Tmux]:
    """Run a program in a terminal for the length of the block; a shell comes after."""
    name = f"geartrain-{uuid4().hex[:8]}"
    given = [f"{key}={value}" for key, value in environment.items()]
    line = shlex.join(["env", *given, *command])
    script = f"{line}; echo ended with $?; exec cat"
    options = ["-s", name, "-x", str(columns), "-y", str(lines)]
    subprocess.run(
        ["tmux", "-L", name, "-f/dev/null", "new-session", "-d", *options, script],
        check=True,
        timeout=PATIENCE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    try:
        yield Tmux(name)
    finally:
        subprocess.run(
            ["tmux", "-L", name, "kill-server"], check=False, timeout=PATIENCE
        )
