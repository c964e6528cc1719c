"""Every snippet of docs/tls.md is run here, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.servers import free_port, geartrain_command, run_server

DOCUMENT = Path(__file__).parents[2] / "docs/tls.md"


def snippets(language: str, port: int) -> list[str]:
    """Return the snippets in a language, for a job server on another port."""
    text = DOCUMENT.read_text().replace("localhost:4730", f"localhost:{port}")
    found: list[str] = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)
    return found


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], str]:
    """Return what runs a script, which has to succeed, and returns what it prints."""
    launcher = tmp_path / "geartrain"
    launcher.write_text(
        f'#!/bin/sh\nexec {" ".join(geartrain_command("geartrain"))} "$@"\n'
    )
    launcher.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_tls_is_spoken_as_the_how_to_says(
    tmp_path: Path, shell: Callable[[str], str]
) -> None:
    port = free_port()
    make, start, ask, look = snippets("sh", port)
    (program,) = snippets("python", port)
    shell(make)
    assert {path.name for path in tmp_path.glob("*.pem")} == {
        "ca.pem",
        "server.pem",
        "web1.pem",
    }
    words = [
        str(tmp_path / word) if word.endswith((".pem", ".key")) else word
        for word in start.split()[1:]
    ]
    command = [*geartrain_command("geartrain"), *words]
    command += ["--port", str(port), "--store", "memory:"]
    with run_server(command, port):
        assert "HANDLE" in shell(ask)
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "0 jobs\n"
        assert shell(look).endswith(" - :\n.\n")


def test_every_snippet_is_run_above() -> None:
    assert len(re.findall(r"^ *```\w+$", DOCUMENT.read_text(), re.MULTILINE)) == 5
