"""The documents, their snippets, and how a snippet is run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import geartrain_command
from tests.support.waiting import PATIENCE

__all__ = [
    "DOCUMENTS",
    "PORT",
    "ROOT",
    "environment_with_programs",
    "fences",
    "run",
    "running",
    "snippets",
]

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *(ROOT / folder / "README.md" for folder in ("benchmarks", "examples")),
        *(ROOT / folder / "README.md" for folder in ("proof", "tests")),
    ]
)
PORT = 4730
"""The port that the documents name."""


def snippets(document: str, language: str) -> list[str]:
    """Return a document's fenced snippets in one language, indented ones too."""
    text = (ROOT / document).read_text()
    pattern = rf"^( *)```{language}\n(.*?)^\1```$"
    found = re.finditer(pattern, text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"(?m)^{match[1]}", "", match[2]) for match in found]


def fences(document: Path) -> list[str]:
    """Return the language of each fenced snippet of a document, in order."""
    return re.findall(r"^ *```(\w+)$", document.read_text(), re.MULTILINE)


def environment_with_programs(folder: Path) -> dict[str, str]:
    """Put this checkout's programs first in PATH, as after an installation."""
    for program in ("geartrain", "gearmand"):
        launcher = folder / program
        command = " ".join(geartrain_command(program))
        launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        launcher.chmod(0o755)
    return os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}


def run(
    script: str, folder: Path, environment: dict[str, str], *, quiet: bool = False
) -> str:
    """Run a shell snippet, which has to succeed; return what it prints.

    One that is ``quiet`` must have nothing to say on stderr.
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (quiet and done.stderr), done.stderr
    return done.stdout


@contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Keep a worker running for the length of the block."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
