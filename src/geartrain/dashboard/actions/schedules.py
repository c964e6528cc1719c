"""Actions on recurring jobs, and on all delayed ones of a function."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import handle_word, word
from geartrain.dashboard.action import Action, Confirmation
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import plural
from geartrain.texts import shown

__all__ = ["ACTIONS"]


async def run_now(call: PageCall) -> str:
    """Submit a recurring job now, or let a delayed one wait no longer."""
    await call.line(f"run {handle_word(call.field('handle'))}")
    return f"{_name(call)} runs as soon as a worker is free."


async def skip(call: PageCall) -> str:
    """Leave the next time out."""
    await call.line(f"skip {handle_word(call.field('handle'))}")
    return f"{_name(call)} is left out next time."


async def ask_end(call: PageCall) -> Confirmation:
    """Ask whether to end a recurring job."""
    return Confirmation(
        text=f"End {_name(call)}?",
        detail="Jobs that it has submitted stay. To have it again, submit it again.",
        confirm="End the recurring job",
    )


async def end(call: PageCall) -> str:
    """End a recurring job, or a delayed one."""
    await call.line(f"cancel job {handle_word(call.field('handle'))}")
    return f"{_name(call)} has ended."


async def ask_cancel(call: PageCall) -> Confirmation:
    """Ask whether to cancel a delayed job."""
    return Confirmation(
        text=f"Cancel {shown(call.field('handle'))} of {_name(call)}?",
        detail="It does not run. This cannot be undone.",
        confirm="Cancel the job",
    )


async def cancel(call: PageCall) -> str:
    """Cancel a delayed job."""
    await call.line(f"cancel job {handle_word(call.field('handle'))}")
    return f"{shown(call.field('handle'))} of {_name(call)} is cancelled."


async def ask_run_delayed(call: PageCall) -> Confirmation:
    """Count what would run at once."""
    count = await _swept(call, "run jobs", "count=yes")
    return Confirmation(
        text=f"Run {plural(count, 'delayed job')} of {_name(call)} now?",
        detail="They wait for no time any more.",
        confirm=f"Run {plural(count, 'job')} now",
        is_possible=count > 0,
    )


async def run_delayed(call: PageCall) -> str:
    """Let all delayed jobs of a function wait no longer."""
    count = await _swept(call, "run jobs")
    return f"{plural(count, 'delayed job')} of {_name(call)} wait no longer."


async def ask_cancel_delayed(call: PageCall) -> Confirmation:
    """Count what cancelling would concern."""
    count = await _swept(call, "cancel jobs", "count=yes")
    return Confirmation(
        text=f"Cancel {plural(count, 'delayed job')} of {_name(call)}?",
        detail="They do not run. This cannot be undone.",
        confirm=f"Cancel {plural(count, 'job')}",
        is_possible=count > 0,
    )


async def cancel_delayed(call: PageCall) -> str:
    """Cancel all delayed jobs of a function."""
    count = await _swept(call, "cancel jobs")
    return f"{plural(count, 'delayed job')} of {_name(call)} cancelled."


async def _swept(call: PageCall, command: str, *more: str) -> int:
    filters = f"function={word(call.field('function'))} state=scheduled"
    answer = await call.line(" ".join([command, filters, *more]))
    return int(answer.split(" ")[1])


def _name(call: PageCall) -> str:
    return shown(call.field("function"))


ACTIONS: Final = (
    Action(name="run-now", label="Run now", run=run_now),
    Action(name="skip-time", label="Skip next", run=skip),
    Action(name="end-schedule", label="End", run=end, ask=ask_end, is_dangerous=True),
    Action(
        name="cancel-delayed-job",
        label="Cancel",
        run=cancel,
        ask=ask_cancel,
        is_dangerous=True,
    ),
    Action(
        name="run-delayed", label="Run all now", run=run_delayed, ask=ask_run_delayed
    ),
    Action(
        name="cancel-delayed",
        label="Cancel all",
        run=cancel_delayed,
        ask=ask_cancel_delayed,
        is_dangerous=True,
    ),
)
