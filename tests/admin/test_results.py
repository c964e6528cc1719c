"""What ``Admin.result`` tells of jobs that have ended, or have not."""

from __future__ import annotations

import threading
import time

import pytest

from geartrain.admin import Admin
from geartrain.errors import AdminError, OptionError
from tests.support.jobs_in_states import submit
from tests.support.raw_workers import reverse, worker
from tests.support.servers import RunningServer


def test_a_result_is_waited_for(server: RunningServer) -> None:
    with Admin(server.address, timeout=0.5) as admin:
        admin.set_policy("kept.*", {"result_ttl": 60})
        handle = submit(server, b"kept.one", b"abc\xff")
        assert admin.result(handle).state == "waiting"
        found = []

        def wait() -> None:
            found.append(admin.result(handle, timeout=20))

        waiting = threading.Thread(target=wait)
        waiting.start()
        # Longer than the job server may be silent.
        time.sleep(1.2)
        with worker(server.connect, "kept.one", reverse):
            waiting.join()
        (row,) = found
        assert (row.state, row.kept, row.result) == ("succeeded", "whole", b"\xffcba")
        assert row.size == 4
        assert row.ended is not None
        assert row.expires == pytest.approx(row.ended + 60)


def test_time_is_up(server: RunningServer) -> None:
    handle = submit(server, b"nobody", b"abc")
    with Admin(server.address) as admin:
        began = time.monotonic()
        assert admin.result(handle, timeout=0.3).state == "waiting"
        assert 0.3 <= time.monotonic() - began < 5


def test_what_is_unknown_is_a_row(server: RunningServer) -> None:
    with Admin(server.address) as admin:
        for name in ("H:no:9", "two words", "", "\udcff"):
            row = admin.result(name)
            assert (row.state, row.kept, row.result) == ("unknown", "none", None)
        with pytest.raises(OptionError, match="timeout"):
            admin.result("H:no:9", timeout=float("nan"))
        assert issubclass(AdminError, Exception)
