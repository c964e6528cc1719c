"""Schedules of a real job server: its file, SIGHUP, and kill -9."""

from __future__ import annotations

import json
import random
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import running_geartrain
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("cli/reloading",)

EVERY_SECOND = '[schedules.tick]\nfunction = "f"\nevery = 1\nmissed = "all"\n'


def listed(wire: Wire) -> dict[str, dict[str, Any]]:
    rows = wire.listing(b"schedule list")
    return {row["name"]: row for row in map(json.loads, rows)}


def test_the_file_is_read_again_at_sighup(tmp_path: Path) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text(EVERY_SECOND)
    with (
        running_geartrain("--config", str(file)) as server,
        Wire(server.connect()) as wire,
    ):
        assert list(listed(wire)) == ["tick"]
        file.write_text(EVERY_SECOND + '[schedules.broken]\nfunction = "f"\n')
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: b"as they were" in server.log.read_bytes())
        assert list(listed(wire)) == ["tick"]
        file.write_text('[schedules.nightly]\nfunction = "f"\ncron = "@daily"\n')
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: list(listed(wire)) == ["nightly"])


@pytest.mark.slow
def test_each_time_comes_once_whenever_the_server_is_killed(tmp_path: Path) -> None:
    """A time's job is there with the step to the next, or neither is."""
    file = tmp_path / "geartrain.toml"
    file.write_text(EVERY_SECOND)
    store = f"sqlite://{tmp_path}/jobs.db"
    flags = ("--config", str(file), "--store", store, "--no-http")
    chance = random.Random(12)
    for _ in range(3):
        with running_geartrain(*flags) as server:
            # Around a time, when the job is being written.
            now = time.time()
            time.sleep(0.9 - now % 1 + 1 + chance.random() / 5)
            server.process.kill()
            server.process.wait()
    with running_geartrain(*flags) as server, Wire(server.connect()) as wire:
        wire.command(b"schedule pause tick")
        jobs = [json.loads(row) for row in wire.listing(b"jobs function=f limit=1000")]
        shown = json.loads(wire.listing(b"schedule show tick")[0])
    handles = [job["handle"] for job in jobs]
    runs = shown["runs"][::-1]
    dues = [run["due"] for run in runs]
    assert len(runs) >= 3
    # None is left out, and none came twice.
    steps = [later - due for due, later in pairwise(dues)]
    assert steps == pytest.approx([1.0] * len(steps), abs=0.01)
    assert len(set(handles)) == len(handles) >= len(runs)
    assert {run["handle"] for run in runs} == set(handles[-len(runs) :])
