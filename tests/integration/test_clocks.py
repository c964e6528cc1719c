"""The system's clock is set while a real job server runs, and while none does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until
from tests.support.wall_clocks import LIBRARIES, WallClock
from tests.support.wire import Wire

HOUR = 3600

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LIBRARIES, reason="needs Debian's faketime"),
]


class Wall(WallClock):
    """The system's clock as servers see it that are started while it is set."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(file)
        self._monkeypatch = monkeypatch

    @contextmanager
    def server(self, *flags: str) -> Iterator[RunningServer]:
        """Run a job server on this clock."""
        with self._monkeypatch.context() as patch:
            for name, value in self.environment().items():
                patch.setenv(name, value)
            running = running_geartrain(*flags)
            server = running.__enter__()
        try:
            yield server
        finally:
            running.__exit__(None, None, None)


@pytest.fixture
def wall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(tmp_path / "wall", monkeypatch)


def submit(wire: Wire, function: bytes, epoch: bytes = b"") -> bytes:
    kind = PacketType.SUBMIT_JOB_EPOCH if epoch else PacketType.SUBMIT_JOB_BG
    arguments = [function, b"", epoch, b"w"] if epoch else [function, b"", b"w"]
    wire.send(kind, *arguments)
    return wire.expect(PacketType.JOB_CREATED)[0]


def jobs(wire: Wire) -> dict[str, dict[str, Any]]:
    """Return the rows of all jobs by their functions."""
    found, line = {}, b"jobs"
    while line:
        rows = [json.loads(row) for row in wire.listing(line)]
        found.update({row["function"]: row for row in rows if "function" in row})
        line = b"".join(
            b"jobs after=" + quote(row["after"]).encode()
            for row in rows
            if "after" in row
        )
    return found


def states(wire: Wire) -> dict[str, str]:
    return {name: row["state"] for name, row in jobs(wire).items()}


def until(wire: Wire, expected: dict[str, str]) -> None:
    """Wait until jobs are in these states; a step is noticed within a second."""
    deadline = time.monotonic() + 20
    while (found := states(wire)) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("is_durable", "seconds"), [(False, HOUR), (True, HOUR), (True, -HOUR)]
)
def test_a_step_moves_dates_and_no_waits_through_a_restart(
    wall: Wall, tmp_path: Path, is_durable: bool, seconds: int
) -> None:
    store = ("--store", f"sqlite://{tmp_path}/jobs.db") if is_durable else ()
    waits = {"waits": "scheduled", "lives": "ready"}
    with wall.server(*store) as server, Wire(server.connect()) as wire:
        assert wire.command(b"policy lives ttl=1000") == b"OK\r\n"
        began = time.time()
        submit(wire, b"lives")
        submit(wire, b"waits", b"5+1000")
        submit(wire, b"date", b"%d" % (began + HOUR / 2))
        until(wire, {**waits, "date": "scheduled"})
        wall.set(seconds)
        until(wire, {**waits, "date": "ready" if seconds > 0 else "scheduled"})
        _check_times(wire, began + seconds)
    if is_durable:
        with wall.server(*store) as server, Wire(server.connect()) as wire:
            assert wire.command(b"policy lives ttl=1000") == b"OK\r\n"
            until(wire, {**waits, "date": "ready" if seconds > 0 else "scheduled"})
            _check_times(wire, began + seconds)


def _check_times(wire: Wire, began: float) -> None:
    # Under load a step of the clock is noticed some milliseconds later.
    wait_until(
        lambda: abs(jobs(wire)["waits"]["due"] - began - 1000) < 100,
        "the wait ends as many seconds after the step",
    )
    rows = jobs(wire)
    assert all(abs(row["submitted"] - began) < 100 for row in rows.values())


def test_a_job_server_that_was_killed_knows_of_a_step_before(
    wall: Wall, tmp_path: Path
) -> None:
    store = ("--store", f"sqlite://{tmp_path}/jobs.db")
    with wall.server(*store) as server, Wire(server.connect()) as wire:
        began = time.time()
        submit(wire, b"waits", b"5+1000")
        wall.set(HOUR)
        deadline = time.monotonic() + 20
        while b"clock was set forward" not in server.log.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # Nothing else is committed after the step.
        time.sleep(0.2)
        server.process.kill()
        server.process.wait()
    with wall.server(*store) as server, Wire(server.connect()) as wire:
        until(wire, {"waits": "scheduled"})
        assert abs(jobs(wire)["waits"]["due"] - began - HOUR - 1000) < 100
