"""Batches, asked of a real job server."""

from __future__ import annotations

import pytest

from geartrain.admin import Admin
from geartrain.errors import RefusedError
from tests.support.batches_at_work import submit_batch
from tests.support.servers import RunningServer


def test_a_batch_is_a_row(fresh: RunningServer) -> None:
    *_, report = submit_batch(fresh, "news 7", failing=1)
    with Admin(fresh.address) as admin:
        row = admin.batch("news 7")
        assert (row.total, row.succeeded, row.dead, row.left) == (3, 0, 1, 2)
        assert (row.ended, row.waiting) == (None, (report,))
        assert list(admin.batches()) == list(admin.batches(state="open")) == [row]
        assert list(admin.batches(state="ended")) == []
        assert admin.why(report).code == "blocked"
        (job,) = admin.job(report)
        assert (job.status, job.due) == ("blocked", None)
        assert admin.cancel_all(batch="news 7") == 2
        assert admin.dead_drop_all(batch="news 7") == 1
        row = admin.batch("news 7")
        assert (row.failed, row.left) == (3, 0)
        assert row.ended is not None
        with pytest.raises(RefusedError, match="no job was submitted in it"):
            admin.batch("other")
