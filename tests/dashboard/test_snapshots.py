"""Answers are shared by those who ask the same, while they are fresh enough."""

from __future__ import annotations

import asyncio
from typing import cast

from geartrain.dashboard.snapshots import Snapshots
from geartrain.http.bridge import Bridge
from geartrain.http.visitors import Visitor


class Counting:
    """Answers each command with how often anything was asked."""

    def __init__(self) -> None:
        self.count = 0

    async def rows(
        self, command: str, visitor: Visitor, unanswered: dict[str, str]
    ) -> list[bytes]:
        self.count += 1
        return [b'{"count": %d}' % self.count]


class Someone:
    key = ("someone",)


def test_who_is_content_with_an_older_answer_does_not_make_it_old_for_others() -> None:
    async def asked() -> list[int]:
        snapshots = Snapshots(cast(Bridge, Counting()))
        someone = cast(Visitor, Someone())
        found = []
        for fresh, pause in ((5.0, 0.02), (5.0, 0.02), (0.01, 0.0), (5.0, 0.0)):
            (row,) = await snapshots.rows("problems", someone, fresh)
            found.append(row["count"])
            await asyncio.sleep(pause)
        snapshots.forget()
        (row,) = await snapshots.rows("problems", someone, 5.0)
        return [*found, row["count"]]

    assert asyncio.run(asked()) == [1, 1, 2, 2, 3]
