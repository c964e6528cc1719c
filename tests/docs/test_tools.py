"""The commands in docs/tools.md, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import run, snippets
from tests.support.jobs_in_states import submit
from tests.support.programs import ask
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_geartrain() as running:
        yield running


@pytest.fixture
def environment(server: RunningServer, tmp_path: Path) -> dict[str, str]:
    """Put this checkout's programs first in PATH; they ask the test's job server."""
    where = {"gearadmin": f"-h {server.host} -p {server.port}"}
    modules = {"geartrain": "main", "gearman": "gearman", "gearadmin": "gearadmin"}
    for program, module in modules.items():
        launcher = tmp_path / program
        command = f"{sys.executable} -m geartrain.cli.{module} {where.get(program, '')}"
        launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        launcher.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "GEARTRAIN_SERVER": server.address,
        "GEARMAN_SERVER": server.address,
    }


def test_every_command_does_what_is_said(
    server: RunningServer, environment: dict[str, str], tmp_path: Path
) -> None:
    look, lists, work, wait, later, tools = snippets("docs/tools.md", "sh")

    def printed(script: str) -> str:
        return run(script, tmp_path, environment, quiet=True)

    worker = subprocess.Popen(
        ["bash", "-c", f"exec {work}"], cwd=tmp_path, env=environment
    )
    try:
        wait_until(lambda: "count" in ask(server.port, "status"), "the worker is here")
        submit(server, b"resize")
        looked = printed(look)
        assert re.search(r"^resize +0 +1 +0 +0 +0 +0 +\d+s( |$)", looked, re.M)
        assert re.search(r"^count +1 +0 ", looked, re.M)
        listed = printed(lists)
        assert re.search(r"^H:\S+ +resize +ready ", listed, re.M)
        assert re.search(r"^H:\S+ +\d+s$", listed, re.M)
        assert '"function": "resize", "high": 0, "normal": 1' in listed
        counted = printed(wait)
        assert counted.startswith("5\n")
        assert len(re.findall(r'"result": "1\\n", "error": null', counted)) == 3
        assert len(printed(later).splitlines()) == 2
        listed = printed(tools)
        assert "\nreport\t4\t0\t0\n" in listed
        assert listed.endswith("\n.\n")
    finally:
        worker.terminate()
        worker.wait(15)
