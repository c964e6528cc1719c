"""Answers of text commands, shared by all pages that are looked at.

Each page shows the same few things in its frame, and several people look at the same
page: what was asked within the last second is not asked again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Hashable
from typing import Any, Final

from geartrain.http.bridge import Bridge
from geartrain.http.visitors import Visitor

__all__ = ["FRESH", "Row", "Snapshots"]

Row = dict[str, Any]

# Less than the second between two refreshes of a page, so that each of these asks
# anew.
FRESH: Final = 0.8
"""Seconds that an answer is good for, unless it costs more."""


class Snapshots:
    """The latest answers of text commands."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._answers: dict[
            tuple[Hashable, ...], tuple[float, asyncio.Task[list[Row]]]
        ] = {}

    async def rows(
        self, command: str, visitor: Visitor, fresh: float = FRESH
    ) -> list[Row]:
        """Return the rows of a command that lists few, at most ``fresh`` seconds old.

        Answers are shared by all who may see the same.

        Raises:
            ProblemError: the job server refuses.
        """
        now = asyncio.get_running_loop().time()
        key = (command, visitor.key)
        until, task = self._answers.get(key, (0.0, None))
        if task is None or now > until:
            self._drop_old(now)
            task = asyncio.ensure_future(self._ask(command, visitor))
            # Where all who asked have left, nobody takes its failure.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._answers[key] = now + fresh, task
        # Who leaves while it is asked leaves the answer to the others.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Ask everything anew from now on: something was changed."""
        self._answers.clear()

    async def _ask(self, command: str, visitor: Visitor) -> list[Row]:
        return [json.loads(row) for row in await self._bridge.rows(command, visitor)]

    def _drop_old(self, now: float) -> None:
        old = [key for key, each in self._answers.items() if now > each[0]]
        for key in old:
            del self._answers[key]
