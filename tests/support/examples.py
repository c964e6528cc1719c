"""Run the examples as their first lines say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geartrain.admin import Admin
from geartrain.testing import LocalServer
from tests.support.servers import geartrain_command, stop
from tests.support.waiting import PATIENCE, wait_until

__all__ = ["EXAMPLES", "at_work", "run"]

EXAMPLES = Path(__file__).parents[2] / "examples"


def _environment(servers: str, variables: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "GEARMAN_SERVERS": servers, **variables}


@contextmanager
def at_work(
    server: LocalServer, *arguments: str, servers: str = "", **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``geartrain worker`` for the length of the block; it is known by then."""
    with Admin(server) as admin:
        before = _workers(admin)
        process = subprocess.Popen(
            [*geartrain_command("geartrain"), "worker", *arguments],
            cwd=EXAMPLES,
            env=_environment(servers or server.address, variables),
        )
        try:
            wait_until(lambda: _workers(admin) > before)
            yield process
        finally:
            stop(process)


def _workers(admin: Admin) -> int:
    """Return the number of workers, counted once for each function."""
    return sum(int(row.split("\t")[3]) for row in admin.command("status"))


def run(
    server: LocalServer,
    program: str,
    *arguments: str,
    servers: str = "",
    words: str = "",
    **variables: str,
) -> str:
    """Run an example with these arguments and return what it prints."""
    done = subprocess.run(
        [sys.executable, program, *arguments],
        cwd=EXAMPLES,
        env=_environment(servers or server.address, variables),
        input=words,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
