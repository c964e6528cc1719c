"""The counts of all processes together."""

from __future__ import annotations

from geartrain.supervisor.counts import Counts


def test_jobs_that_ended_did_so_well_or_not() -> None:
    assert Counts(wanted=1, up=1, busy=3, done=4, failed=5).ended == 9
