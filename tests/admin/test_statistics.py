"""Rows of statistics, as job servers send them."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.admin.statistics import (
    Times,
    function_statistics_row,
    slot_row,
    statistics_row,
)

TIMES = {"count": 2, "seconds": 3.0, "p50": 1.0, "p95": 2.0, "p99": 2.0}
MEASURES: dict[str, Any] = {
    "submitted": 4,
    "succeeded": 2,
    "submitted_by": {"high": {"foreground": 1, "background": 3}},
    "failures": {"fail": 1},
    "waited": TIMES,
    "ran": {**TIMES, "buckets": [1, 1]},
}
ROW: dict[str, Any] = {
    "function": "f",
    "time": 9.0,
    "now": {"waiting": 1, "oldest": None},
    "total": MEASURES,
    "recent": {"seconds": 10.0, **MEASURES},
}


def test_a_row_of_a_function() -> None:
    row = statistics_row(ROW)
    assert (row.function, row.functions, row.now["waiting"]) == ("f", None, 1)
    assert row.total.counts == {"submitted": 4, "succeeded": 2}
    assert row.total.submitted_by["high"] == {"foreground": 1, "background": 3}
    assert row.total.failures == {"fail": 1}
    assert row.rate("submitted") == 0.4
    assert row.recent.ran.buckets == (1, 1)
    assert row.recent.waited.mean == 1.5


def test_the_row_of_all_is_none_of_a_function() -> None:
    everything = {**ROW, "function": None, "functions": 7}
    assert statistics_row(everything).functions == 7
    assert function_statistics_row(everything) is None
    assert function_statistics_row(ROW) == statistics_row(ROW)


def test_the_minutes_of_a_row_and_what_holds_the_function() -> None:
    minutes = {"time": 60.0, "submitted": [1, 2], "succeeded": [0, 2], "failures": [0]}
    row = statistics_row({**ROW, "minutes": minutes, "paused": True})
    assert (row.paused, row.draining) == (True, False)
    assert row.minutes is not None
    assert (row.minutes.time, row.minutes.submitted) == (60.0, (1, 2))
    assert statistics_row(ROW).minutes is None


def test_a_row_of_a_minute() -> None:
    row = slot_row({"time": 60.0, "seconds": 60, **MEASURES})
    assert (row.time, row.seconds) == (60.0, 60.0)
    assert row.measures.counts == {"submitted": 4, "succeeded": 2}


def test_a_row_of_an_older_server_tells_no_priorities() -> None:
    older = {name: MEASURES[name] for name in MEASURES if name != "submitted_by"}
    row = slot_row({"time": 60.0, "seconds": 60, **older})
    assert (row.measures.counts["submitted"], row.measures.submitted_by) == (4, {})


def test_no_times_have_no_mean() -> None:
    assert Times(count=0, seconds=0.0, p50=None, p95=None, p99=None).mean is None


@pytest.mark.parametrize("name", ["function", "time", "now", "total", "recent"])
def test_a_row_that_lacks_something_is_none(name: str) -> None:
    with pytest.raises(KeyError):
        statistics_row({key: ROW[key] for key in ROW if key != name})
