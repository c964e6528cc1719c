"""Actions on functions: pause, drain, resume, and cancel what waits."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import word
from geartrain.dashboard.action import Action, Question
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import plural
from geartrain.texts import shown

__all__ = ["ACTIONS"]


async def pause(call: PageCall) -> str:
    """Give no more of its jobs to workers."""
    function = call.field("function")
    await call.line(f"pause {word(function)}")
    return f"{shown(function)} is paused: its jobs wait until you resume it."


async def drain(call: PageCall) -> str:
    """Refuse new jobs of it."""
    function = call.field("function")
    await call.line(f"drain {word(function)}")
    return f"{shown(function)} takes no new jobs; those that wait are run."


async def resume(call: PageCall) -> str:
    """End pause and drain."""
    function = call.field("function")
    await call.line(f"resume {word(function)}")
    return f"{shown(function)} runs again."


async def ask_cancel_waiting(call: PageCall) -> Question:
    """Count what cancelling would concern."""
    function = call.field("function")
    count = await _cancelled(call, "count=yes")
    return Question(
        text=f"Cancel {plural(count, 'waiting job')} of {shown(function)}?",
        detail="Whoever waits for one is told that it failed. This cannot be undone.",
        confirm=f"Cancel {plural(count, 'job')}",
        is_possible=count > 0,
    )


async def cancel_waiting(call: PageCall) -> str:
    """Cancel what waits."""
    count = await _cancelled(call)
    function = call.field("function")
    return f"{plural(count, 'waiting job')} of {shown(function)} cancelled."


async def _cancelled(call: PageCall, *more: str) -> int:
    filters = f"function={word(call.field('function'))} state=ready"
    answer = await call.line(" ".join(["cancel jobs", filters, *more]))
    return int(answer.split(" ")[1])


ACTIONS: Final = (
    Action(name="pause", label="Pause", run=pause),
    Action(name="drain", label="Drain", run=drain),
    Action(name="resume", label="Resume", run=resume),
    Action(
        name="cancel-waiting",
        label="Cancel waiting jobs",
        run=cancel_waiting,
        ask=ask_cancel_waiting,
        is_dangerous=True,
    ),
)
