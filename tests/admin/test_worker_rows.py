"""Rows of connections, as job servers of any age send them."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.admin.worker_rows import JobAtWork, WorkerRow, connection_row

LEAST: dict[str, Any] = {
    "descriptor": 9,
    "address": "::1",
    "id": "x\n.",
    "functions": [" ", "b"],
}


def test_a_row_may_tell_little() -> None:
    assert connection_row(LEAST) == WorkerRow(
        descriptor=9, address="::1", id="x\n.", functions=(" ", "b")
    )


def test_a_row_tells_what_a_worker_does_and_has_done() -> None:
    job = {"handle": "H:x:1", "function": "b", "started": 7.0}
    row = connection_row(
        {**LEAST, "running": 1, "succeeded": 5, "jobs": [job], "options": ["handles"]}
    )
    assert (row.running, row.succeeded, row.options) == (1, 5, ("handles",))
    assert row.jobs == (JobAtWork(handle="H:x:1", function="b", started=7.0),)


@pytest.mark.parametrize("name", list(LEAST))
def test_what_is_no_row_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        connection_row({key: LEAST[key] for key in LEAST if key != name})
