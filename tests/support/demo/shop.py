"""The shop as it runs: a job server with a past, workers, and customers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.demo.functions import FUNCTIONS, Busy
from tests.support.demo.past import keep_past
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import schedule
from tests.support.servers import stop

__all__ = ["running_shop"]

PHP = Path(__file__).with_name("worker.php")

CONFIGURATION = """\
[server]
handle_prefix = "H:shop"

[functions."mail.send"]
max_attempts = 3
backoff_delay = 2

[functions."webhook.*"]
max_attempts = 4
backoff_delay = 2

[functions."report.build"]
timeout = 600
result_ttl = 3600
"""


@contextmanager
def running_shop(folder: Path) -> Iterator[HttpServer]:
    """Run the shop, with its files in a folder, for the length of the block."""
    store, configuration = folder / "jobs.db", folder / "geartrain.toml"
    keep_past(store)
    configuration.write_text(CONFIGURATION)
    flags = ("--store", str(store), "--config", str(configuration))
    with running_http(*flags) as server, ExitStack() as stack:
        for busy in FUNCTIONS:
            for command in _workers(busy, server):
                stack.enter_context(_running(command, server))
        schedule(server.jobs, b"report.build")
        stack.enter_context(_running(_python("client"), server))
        yield server


def _workers(busy: Busy, server: HttpServer) -> list[list[str]]:
    """Return the commands that run a function's workers."""
    if not busy.workers:
        return []
    if not busy.is_php:
        return [[*_python("workers"), busy.name]]
    name = busy.name.partition(".")[0]
    least, most = busy.seconds
    told = [busy.name, str(least), str(most), str(busy.failing), busy.error]
    return [
        ["php", str(PHP), server.jobs.address, f"{name}-{number}", *told]
        for number in range(1, busy.workers + 1)
    ]


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", f"tests.support.demo.{module}"]


@contextmanager
def _running(command: list[str], server: HttpServer) -> Iterator[None]:
    told = {**os.environ, "GEARMAN_SERVERS": server.jobs.address}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=told, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.kill()
        stop(process)
