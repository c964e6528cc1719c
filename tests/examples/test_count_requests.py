"""Requests in logs, counted by workers in Python and in PHP."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.access_logs import write_access_log
from geartrain.admin import Admin
from geartrain.testing import LocalServer
from tests.support.documents import running
from tests.support.examples import EXAMPLES, at_work, run
from tests.support.peers import need
from tests.support.waiting import wait_until

# Each of both logs is one piece and a part of another.
SIZE = 9_000_000
REDUCER = "requests-in-lines"


@pytest.fixture
def logs(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "a.log", tmp_path / "b.log"]
    for seed, log in enumerate(found):
        write_access_log(log, SIZE, seed)
    return found


def counted(logs: list[Path]) -> Counter[str]:
    lines = (line for log in logs for line in log.read_text().splitlines())
    return Counter(line.split(" ")[6] for line in lines)


def printed_counts(printed: str) -> dict[str, int]:
    rows = (line.split(" ", 1) for line in printed.splitlines())
    return {path: int(requests) for requests, path in rows}


def test_requests_in_all_logs_are_counted(
    server: LocalServer, logs: list[Path]
) -> None:
    with (
        at_work(server, "count_requests:splitter"),
        at_work(server, "count_requests:counter", "--processes", "2"),
    ):
        printed = run(server, "count_requests.py", *map(str, logs))
    assert printed_counts(printed) == counted(logs)
    assert len(server.submitted(REDUCER)) == 4


def test_php_counts_too_and_a_lost_worker_loses_nothing(
    server: LocalServer, logs: list[Path]
) -> None:
    need("php", "php-cli php-gearman")
    environment = os.environ | {"GEARMAN_SERVERS": server.address}
    php = ["php", "count_requests.php"]
    with at_work(server, "count_requests:splitter"), Admin(server) as admin:
        lost = subprocess.Popen(php, cwd=EXAMPLES, env=environment)
        asking = subprocess.Popen(
            [*php, *map(str, logs)],
            cwd=EXAMPLES,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: any(admin.jobs(state="running", function=REDUCER)), "a job")
        os.kill(lost.pid, signal.SIGKILL)
        lost.wait()
        with running(php, EXAMPLES, environment):
            printed, _ = asking.communicate(timeout=30)
    assert printed_counts(printed) == counted(logs)
