"""All that the pages can do."""

from __future__ import annotations

from typing import Final

from geartrain.dashboard.action import Action
from geartrain.dashboard.actions import (
    batches,
    dead,
    functions,
    jobs,
    policies,
    schedules,
    submissions,
)

__all__ = ["ACTIONS"]

ACTIONS: Final[dict[str, Action]] = {
    each.name: each
    for each in (
        *batches.ACTIONS,
        *dead.ACTIONS,
        *functions.ACTIONS,
        *jobs.ACTIONS,
        *policies.ACTIONS,
        *schedules.ACTIONS,
        *submissions.ACTIONS,
    )
}
"""All of them, by name: what the pages can do."""
