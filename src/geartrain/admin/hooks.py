"""Hooks as the text command ``hooks`` tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["DeliveryRow", "HookRow", "hook_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """What became of a message to a hook.

    Attributes:
        about: what the message told, in a few words.
        time: when this came of it, in seconds since 1970.
        outcome: ``delivered``, ``retrying``, ``failed`` for a message that was given
            up, or ``dropped`` for one that came while too many were waiting.
        reason: why it was not taken; None if it was.
    """

    about: str
    time: float
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRow:
    """A hook of the job server.

    Attributes:
        hook: its command or address, without what is secret.
        on: what it is told of; empty for everything.
        function: the name or glob of the functions that it is told of.
        latest: what became of its latest messages, the latest first.
    """

    hook: str
    on: tuple[str, ...]
    function: str
    latest: tuple[DeliveryRow, ...]


def hook_row(values: Mapping[str, Any]) -> HookRow:
    """Read a row of ``hooks``; raise KeyError or TypeError if it is not one."""
    return HookRow(
        hook=values["hook"],
        on=tuple(values["on"]),
        function=values["function"],
        latest=tuple(DeliveryRow(**each) for each in values["latest"]),
    )
