"""What is told of the limits of a function, by its statistics."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.dashboard.limits import limits_at_work

ROW: dict[str, Any] = {
    "now": {"running": 2, "flow_keys": 10_000},
    "recent": {"seconds": 300.0, "started": 12_000},
}


@pytest.mark.parametrize(
    ("settings", "said", "used"),
    [
        ({"rate": "50/1s"}, "40.0 of 50 in 1s, in the last minutes", 40.0),
        ({"rate": "10/1h"}, "10 in 1h", None),
        ({"concurrency": 3}, "2 of 3 places taken", 2),
        (
            {"key_concurrency": 1},
            "1 place for each key; there are jobs of 10,000 keys",
            None,
        ),
        (
            {"key_rate": "5/m"},
            "5 in m for each key; there are jobs of 10,000 keys",
            None,
        ),
        (
            {"order": "fifo"},
            "jobs start in the order in which they were submitted",
            None,
        ),
    ],
)
def test_a_limit_is_told_with_what_is_used(
    settings: dict[str, Any], said: str, used: float | None
) -> None:
    (limit,) = limits_at_work(ROW, settings)
    assert (limit.text, limit.used) == (said, used)


def test_without_limits_there_is_none() -> None:
    settings = {
        "rate": "none",
        "key_rate": "none",
        "concurrency": 0,
        "order": "priority",
    }
    assert limits_at_work(ROW, settings) == []
