"""Schedules that job servers on one database have: each time comes once, at one."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.errors import RefusedError
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer, running_geartrain
from tests.support.suspending import suspend
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

FILE = '[schedules.tick]\nfunction = "tick"\nevery = 1\nmissed = "all"\n'


@pytest.fixture
def servers(
    database: PostgresqlServer, tmp_path: Path
) -> Iterator[list[RunningServer]]:
    """Three job servers, of which the first leads."""
    file = tmp_path / "geartrain.toml"
    file.write_text(FILE)
    flags = ("--config", str(file), "--store", database.url(), "--no-http")
    with ExitStack() as stack:
        started = [
            stack.enter_context(running_geartrain(*flags, "--node-name", name))
            for name in ("one", "other", "third")
        ]
        for server in started:
            wait_until(partial(is_linked, server), "all are linked")
        yield started


def is_linked(server: RunningServer) -> bool:
    """Tell whether a job server can ask all others."""
    with Admin(server.address) as admin:
        nodes = [each for each in admin.cluster() if each.role in ("self", "node")]
        admin.functions()
        return len(nodes) == 3 and not admin.unanswered


def jobs(server: RunningServer, function: str) -> int:
    """Return how many jobs of a function wait, anywhere."""
    with Admin(server.address) as admin:
        counts = [
            each.waiting for each in admin.functions() if each.function == function
        ]
        assert not admin.unanswered
        return sum(counts)


def last_time(server: RunningServer, name: str) -> float:
    """Return the last time of a schedule; 0 if there was none."""
    with Admin(server.address) as admin:
        runs = admin.schedule(name).runs
    return runs[0].due if runs else 0.0


def state_of(server: RunningServer, name: str) -> tuple[float, int]:
    """Return the last time of a schedule, and how many jobs there are then."""
    while True:
        last, count = last_time(server, name), jobs(server, name)
        if last and last == last_time(server, name):
            return last, count


def test_each_time_comes_once_whoever_leads(servers: list[RunningServer]) -> None:
    one, other, third = servers
    with Admin(third.address) as admin:
        admin.add_schedule("added", {"function": "added", "every": 1, "missed": "all"})
    wait_until(lambda: jobs(other, "added") > 1 and jobs(other, "tick") > 1)
    before = {name: state_of(other, name) for name in ("added", "tick")}
    suspend(one.process)
    # Longer than its lease: somebody else leads.
    time.sleep(13)
    one.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "beginning anew" in one.log.read_text())
    other.process.kill()
    time.sleep(3)
    with Admin(third.address) as admin:
        for name in before:
            admin.pause_schedule(name)
    for name, (began, count) in before.items():
        last, all_of_it = state_of(third, name)
        passed = round(last - began)
        assert passed > 13
        assert all_of_it == count + passed


def test_one_that_is_added_anywhere_is_changed_anywhere(
    servers: list[RunningServer],
) -> None:
    one, other, third = servers
    with Admin(third.address) as admin:
        admin.add_schedule("weekly", {"function": "moved", "cron": "0 3 * * mon"})
        admin.run_schedule("weekly")
    with Admin(other.address) as admin:
        wait_until(lambda: "weekly" in [each.name for each in admin.schedules()])
        wait_until(lambda: _refuses(admin))
        admin.change_schedule("weekly", {"cron": "0 4 * * tue"})
        admin.run_schedule("weekly")
        assert jobs(other, "moved") == 2
    with Admin(one.address) as admin:
        wait_until(lambda: admin.schedule("weekly").cron == "0 4 * * tue")
        assert len([each for each in admin.schedules() if each.name == "weekly"]) == 1
        admin.remove_schedule("weekly")
    for server in servers:
        with Admin(server.address) as admin:
            wait_until(
                lambda: "weekly" not in [each.name for each in admin.schedules()]
            )


def _refuses(admin: Admin) -> bool:
    """Tell whether a job server knows that there is such a schedule."""
    try:
        admin.add_schedule("weekly", {"function": "moved", "cron": "@daily"})
    except RefusedError as error:
        return "there is a schedule" in str(error)
    return False
