"""Every snippet in docs/worker-processes.md is run here."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.documents import snippets
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    running_geartrain,
)
from tests.support.supervised import do
from tests.support.waiting import wait_until

DOCUMENT = "docs/worker-processes.md"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_geartrain("--job-retries", "1") as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with the document's module."""
    (module,) = snippets(DOCUMENT, "python")
    (tmp_path / "tasks.py").write_text(module)
    return tmp_path


@contextmanager
def running(command: str, folder: Path, server: RunningServer) -> Iterator[None]:
    """Run a command line of the document, on this test's job server."""
    program, *arguments = shlex.split(command)
    assert Path(program).name == "geartrain"
    process = subprocess.Popen(
        [*geartrain_command("geartrain"), *arguments],
        cwd=folder,
        env={**os.environ, "GEARMAN_SERVERS": server.address},
    )
    try:
        yield
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_a_module_is_run_as_the_how_to_says(shop: Path, server: RunningServer) -> None:
    start, client, _ = snippets(DOCUMENT, "sh")
    with running(start, shop, server):
        printed = subprocess.run(
            shlex.split(client),
            env={**os.environ, "GEARMAN_SERVER": server.address},
            capture_output=True,
            timeout=20,
            check=True,
        )
    assert printed.stdout == b"olleh"


def test_shell_commands_are_run_as_the_how_to_says(
    tmp_path: Path, server: RunningServer
) -> None:
    with running(snippets(DOCUMENT, "sh")[2], tmp_path, server):
        assert do(server, b"upper", b"hello") == b"HELLO"
        assert do(server, b"lines", b"1\n2\n").strip() == b"2"


def test_the_service_files_start_workers(shop: Path, server: RunningServer) -> None:
    unit, program = (_read(text) for text in snippets(DOCUMENT, "ini"))
    commands = [unit["Service"]["ExecStart"], program["program:workers"]["command"]]
    for command in commands:
        with running(command, shop, server):
            assert do(server, b"reverse", b"ab") == b"ba"


def _read(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_systemd_understands_its_unit(tmp_path: Path) -> None:
    unit = tmp_path / "workers.service"
    text = snippets(DOCUMENT, "ini")[0].replace(
        "/srv/shop/venv/bin/geartrain", "/bin/true"
    )
    unit.write_text(text.replace("User=shop\n", ""))
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "workers.service" not in verified.stderr


def test_the_container_is_alive_as_its_probe_asks(
    shop: Path, server: RunningServer
) -> None:
    (manifest,) = snippets(DOCUMENT, "yaml")
    (found,) = re.findall(r"args: (\[.*\])", manifest)
    arguments = [str(argument) for argument in json.loads(found)]
    port = str(free_port())
    here = {"gearmand:4730": server.address, "8080": port}
    command = shlex.join(here.get(argument, argument) for argument in arguments)
    with running(command, shop, server):
        wait_until(lambda: _is_alive(port), "the probe is answered")
        assert do(server, b"reverse", b"ab") == b"ba"


def _is_alive(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
