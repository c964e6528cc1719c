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

__all__ = ["FRESH", "LASTING", "Row", "Snapshots", "are_of_several", "row_key"]

Row = dict[str, Any]

# Less than the second between two refreshes of a page, so that each of these asks
# anew.
FRESH: Final = 0.8
"""Seconds that an answer is good for, unless it costs more."""

LASTING: Final = 5.0
"""Seconds that an answer is good for that is about everything, such as the numbers in
the frame of each page: with ten thousand functions it takes the job server 10 to 30 ms.
No answer is kept for longer.
"""


def are_of_several(rows: list[Row]) -> bool:
    """Tell whether rows are of another job server than the one that was asked, too.

    >>> are_of_several([{"handle": "H:one:1"}, {"handle": "H:two:2", "node": "two"}])
    True
    """
    return any("node" in row for row in rows)


def row_key(row: Row) -> str:
    """Return what tells a numbered row apart: each job server numbers its own.

    >>> row_key({"number": 7, "node": "two"})
    '7 two'
    """
    return f"{row.get('number', '')} {row.get('node', '')}"


class Snapshots:
    """The latest answers of text commands.

    Attributes:
        unanswered: why rows of other job servers were missing in them, by their names,
            and when that was.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._answers: dict[
            tuple[Hashable, ...], tuple[float, asyncio.Task[list[Row]]]
        ] = {}
        self.unanswered: dict[str, tuple[float, str]] = {}

    async def rows(
        self, command: str, visitor: Visitor, fresh: float = FRESH
    ) -> list[Row]:
        """Return the rows of a command that lists few, at most ``fresh`` seconds old.

        ``fresh`` is at most ``LASTING``. Answers are shared by all who may see the
        same.

        Raises:
            ProblemError: the job server refuses.
        """
        now = asyncio.get_running_loop().time()
        key = (command, visitor.key)
        asked, task = self._answers.get(key, (0.0, None))
        if task is None or now > asked + fresh:
            self._drop_old(now)
            task = asyncio.ensure_future(self._ask(command, visitor))
            # Where all who asked have left, nobody takes its failure.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._answers[key] = now, task
        # Who leaves while it is asked leaves the answer to the others.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Ask everything anew from now on: something was changed."""
        self._answers.clear()

    async def _ask(self, command: str, visitor: Visitor) -> list[Row]:
        unanswered: dict[str, str] = {}
        rows = await self._bridge.rows(command, visitor, unanswered)
        now = asyncio.get_running_loop().time()
        for name, reason in unanswered.items():
            self.unanswered[name] = (now, reason)
        return [json.loads(row) for row in rows]

    def missing(self) -> dict[str, str]:
        """Return whose rows are missing in what pages show now, and why."""
        now = asyncio.get_running_loop().time()
        return {
            name: reason
            for name, (when, reason) in self.unanswered.items()
            if now <= when + LASTING
        }

    def _drop_old(self, now: float) -> None:
        old = [key for key, each in self._answers.items() if now > each[0] + LASTING]
        for key in old:
            del self._answers[key]
