"""Actions on all jobs of a batch."""

from __future__ import annotations

from typing import Final

from geartrain.dashboard.action import Fields
from geartrain.dashboard.actions.dead import REVIVED
from geartrain.dashboard.sweeps import Selection, required, sweep
from geartrain.texts import shown

__all__ = ["ACTIONS"]


def _batch(fields: Fields) -> Selection:
    batch = required(fields, "batch", "name the batch")
    return Selection(filters={"batch": batch}, said=f" of the batch {shown(batch)}")


ACTIONS: Final = (
    sweep(
        "cancel-batch",
        "Cancel what is left",
        _batch,
        command="cancel jobs",
        verb="Cancel {}",
        past="cancelled",
        detail="They do not run. This cannot be undone.",
        is_dangerous=True,
    ),
    sweep(
        "retry-batch",
        "Retry failures",
        _batch,
        command="dead retry all",
        verb="Run {} again",
        past="run again",
        noun="dead letter",
        detail=REVIVED,
    ),
)
