"""What ``Admin.why`` tells of a job."""

from __future__ import annotations

from geartrain.admin import Admin
from tests.support.jobs_in_states import submit
from tests.support.raw_workers import reverse, worker
from tests.support.servers import RunningServer


def test_why_a_job_waits(server: RunningServer) -> None:
    with Admin(server.address) as admin:
        handle = submit(server, b"thumbnail.smal", b"x")
        with worker(server.connect, "thumbnail.small", reverse):
            row = admin.why(handle)
        assert (row.state, row.code, row.nearest) == (
            "waiting",
            "no_worker",
            "thumbnail.small",
        )
        assert row.why == (
            "no worker has the function 'thumbnail.smal': the nearest that one has is"
            " 'thumbnail.small'"
        )


def test_what_nobody_knows_is_a_row(server: RunningServer) -> None:
    with Admin(server.address) as admin:
        for name in ("H:no:9", "two words", ""):
            assert admin.why(name).state == "unknown"
