"""Actions: what operators did, by text commands that change something."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

__all__ = ["Action", "Actions", "read_action"]

# A year of an operator who does three things a day, in 300 KB.
_MOST: Final = 1_000


class Action:
    """One thing that an operator did."""

    def __init__(self, number: int, time: float, address: bytes, client: bytes) -> None:
        self.number = number
        """Its place in the log, from 1; or by the time, in a log that job servers which
        share a store may have to put together.
        """
        self.time = time
        """When, by the calendar of then, in seconds since 1970."""
        self.address = address
        """Where the operator's connection came from."""
        self.client = client
        """The client id that it had set; ``-`` for none."""
        self.principal = b""
        """Who that was, by the rules of access or a login; empty if nobody knows."""
        self.command = b""
        """The command: its first word, or two."""
        self.arguments = b""
        """The words that followed, cut at 1,024 bytes."""
        self.function = b""
        """The function, or the glob, that it was about; empty if none was named."""
        self.handle = b""
        """The job that it was about; empty if it was about none, or many."""
        self.count = 1
        """How many jobs, functions or settings it changed."""

    def values(self) -> dict[str, str | int | float | None]:
        """Return it as a row."""
        return {
            "number": self.number,
            "time": self.time,
            "address": _text(self.address),
            "client": _text(self.client),
            "principal": _text(self.principal) or None,
            "command": _text(self.command),
            "arguments": _text(self.arguments),
            "function": _text(self.function),
            "handle": _text(self.handle),
            "count": self.count,
        }


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogateescape")


def read_action(line: bytes) -> Action:
    """Return an action as ``values`` tells it, as a line of JSON.

    Raises:
        ValueError, LookupError, TypeError: it is none.
    """
    row = json.loads(line)
    action = Action(
        int(row["number"]),
        float(row["time"]),
        _bytes(row["address"]),
        _bytes(row["client"]),
    )
    # Earlier versions did not tell.
    action.principal = _bytes(row.get("principal") or "")
    action.command, action.arguments = _bytes(row["command"]), _bytes(row["arguments"])
    action.function, action.handle = _bytes(row["function"]), _bytes(row["handle"])
    action.count = int(row["count"])
    return action


class Actions:
    """The latest of what operators did."""

    def __init__(self) -> None:
        self._kept: deque[Action] = deque()
        self._last = 0

    def next_number(self, least: int = 1) -> int:
        """Return the number of the next action."""
        return max(self._last + 1, least)

    def add(self, action: Action) -> int:
        """Keep an action; return the number of one that is forgotten for it, or 0."""
        self._kept.append(action)
        self._last = max(self._last, action.number)
        return self._kept.popleft().number if len(self._kept) > _MOST else 0

    def take_in(self, actions: Iterable[Action]) -> list[int]:
        """Keep those of an earlier life, or of another job server, in their places.

        Returns the numbers of those that are forgotten.
        """
        known = {each.number: each for each in [*actions, *self._kept]}
        kept = [known[number] for number in sorted(known)]
        self._kept = deque(kept[-_MOST:])
        if kept:
            self._last = kept[-1].number
        return [each.number for each in kept[:-_MOST]]

    def before(self, number: int) -> Iterator[Action]:
        """Return the actions with lower numbers, or all for 0, the latest first."""
        for action in reversed(self._kept):
            if number == 0 or action.number < number:
                yield action
