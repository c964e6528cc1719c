"""What happened is told after a stop and after kill -9, by a real server on a disk."""

from __future__ import annotations

import time
from pathlib import Path

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.jobs_in_states import bury, run_next, submit
from tests.support.servers import RunningServer, running_geartrain, stop
from tests.support.wire import Wire


def fail_with_pause(server: RunningServer, handle: str) -> None:
    """Fail a job's first attempt; the next is to come much later."""
    with Admin(server.address) as admin:
        admin.set_policy("mail", {"max_attempts": 3, "backoff_delay": 600})
    with Wire(server.connect()) as worker:
        assert run_next(worker, b"mail")[0] == handle
        worker.send(PacketType.WORK_EXCEPTION, handle.encode(), b"server busy")
        assert worker.echoes()


def outcomes(admin: Admin, handle: str) -> tuple[str, list[tuple[str, str | None]]]:
    (row,) = admin.job(handle)
    return row.status, [(each.outcome, each.error) for each in row.story]


def test_stories_of_jobs_that_failed_survive_kill_9(tmp_path: Path) -> None:
    flags = ("--store", f"sqlite://{tmp_path}/queue.db")
    with running_geartrain(*flags) as server:
        (dead,) = bury(server, b"resize", [b"1"], b"no space")
        waiting = submit(server, b"mail")
        fail_with_pause(server, waiting)
        # Until what was answered last is on the disk.
        time.sleep(0.5)
        server.process.kill()
        server.process.wait(10)
    with running_geartrain(*flags) as server, Admin(server.address) as admin:
        assert outcomes(admin, dead) == ("dead", [("exception", "no space")])
        assert outcomes(admin, waiting) == (
            "retrying",
            [("exception", "server busy")],
        )


def test_minutes_survive_a_stop(tmp_path: Path) -> None:
    flags = ("--store", f"sqlite://{tmp_path}/queue.db")
    with running_geartrain(*flags) as server:
        bury(server, b"resize", [b"1", b"2"])
        assert stop(server.process) == 0
    with running_geartrain(*flags) as server, Admin(server.address) as admin:
        for by in ("minute", "hour"):
            rows = admin.statistics_by_time(by, "resize")
            assert sum(row.measures.counts["dead"] for row in rows) == 2
            assert sum(row.measures.ran.count for row in rows) == 2
        # What is counted since the start begins anew.
        row = admin.statistics("resize")
        assert (row.total.counts["dead"], row.now["dead"]) == (0, 2)
        assert row.recent.counts["dead"] == 2
