"""Actions on dead letters."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import word
from geartrain.dashboard.action import Action, Question
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import plural
from geartrain.texts import shown

__all__ = ["ACTIONS"]


async def ask_retry_all(call: PageCall) -> Question:
    """Count what would be run again."""
    count = await _retried(call, "count=yes")
    return Question(
        text=f"Run {plural(count, 'dead letter')}{_of(call)} again?",
        detail="They become waiting jobs, with all of their attempts before them.",
        confirm=f"Run {plural(count, 'job')} again",
        is_possible=count > 0,
    )


async def retry_all(call: PageCall) -> str:
    """Run dead letters of a function again."""
    count = await _retried(call)
    return f"{plural(count, 'dead letter')}{_of(call)} run again."


async def _retried(call: PageCall, *more: str) -> int:
    filters = f"function={word(call.field('function')) or '*'}"
    answer = await call.line(" ".join(["dead retry all", filters, *more]))
    return int(answer.split(" ")[1])


def _of(call: PageCall) -> str:
    function = call.field("function")
    return f" of {shown(function)}" if function else ""


ACTIONS: Final = (
    Action(
        name="retry-dead-letters",
        label="Run them again",
        run=retry_all,
        ask=ask_retry_all,
    ),
)
