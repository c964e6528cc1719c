"""What needs somebody."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.needs import needs

NOW = 10_000.0


class Asked:
    """A page that is asked for, of a job server that tells some marks."""

    now = NOW

    def __init__(self, marks: list[dict[str, Any]]) -> None:
        self._marks = marks

    async def ask(self, command: str, fresh: float = 0.0) -> list[dict[str, Any]]:
        return self._marks if command.startswith("marks") else []

    def missing(self) -> dict[str, str]:
        return {}

    def url(self, *path: str, **query: str) -> str:
        return "/".join(path)


def mark(kind: str, ago: float, node: str | None, function: str | None = None) -> Any:
    named = {} if node is None else {"node": node}
    time = NOW - ago
    return {"number": 1, "time": time, "mark": kind, "function": function, **named}


def told(*marks: dict[str, Any]) -> list[str]:
    call = cast("PageCall", Asked([*marks]))
    return [each.text for each in asyncio.run(needs(call))]


def test_each_job_server_that_crashed_is_named() -> None:
    found = told(
        mark("started", 5, "two"),
        mark("started", 10, "one"),
        mark("no_worker", 12, "one", "mail"),
        mark("stopped", 15, "two"),
        mark("crashed", 20, "one"),
        mark("started", 30, "three"),
        mark("crashed", 40, "three"),
    )
    assert found == [
        "The job server one was killed or crashed, and has started again.",
        "The job server three was killed or crashed, and has started again.",
    ]


def test_one_alone_has_no_name() -> None:
    found = told(mark("started", 10, None), mark("crashed", 20, None))
    assert found == ["The job server was killed or crashed, and has started again."]
    assert told(mark("started", 4000, None), mark("crashed", 4001, None)) == []
