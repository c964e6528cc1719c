"""The actions, by what they are about."""

from __future__ import annotations

from typing import Final

from geartrain.dashboard.action import Action
from geartrain.dashboard.actions import (
    dead,
    functions,
    jobs,
    schedules,
    submissions,
)

__all__ = ["ACTIONS"]

ACTIONS: Final[dict[str, Action]] = {
    each.name: each
    for each in (
        *functions.ACTIONS,
        *jobs.ACTIONS,
        *dead.ACTIONS,
        *schedules.ACTIONS,
        *submissions.ACTIONS,
    )
}
"""All of them, by name: what the pages can do."""
