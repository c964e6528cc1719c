"""Actions on functions: pause, drain, resume, and cancel or move what waits."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import word
from geartrain.dashboard.action import Action, Confirmation, Fields
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import plural
from geartrain.dashboard.sweeps import Selection, required, sweep
from geartrain.texts import shown

__all__ = ["ACTIONS"]


async def ask_pause(call: PageCall) -> Confirmation:
    """Count what a pause would hold back."""
    waiting, running = await _counts(call)
    return Confirmation(
        text=f"Pause {shown(call.field('function'))}?",
        detail=f"{_wait(waiting)}, and those submitted from now on, until you resume"
        f" it. {_running(running)}",
        confirm="Pause it",
    )


async def pause(call: PageCall) -> str:
    """Give no more of its jobs to workers."""
    function = call.field("function")
    await call.line(f"pause {word(function)}")
    return f"{shown(function)} is paused: its jobs wait until you resume it."


async def ask_drain(call: PageCall) -> Confirmation:
    """Count what is still to be run while it drains."""
    waiting, running = await _counts(call)
    return Confirmation(
        text=f"Drain {shown(call.field('function'))}?",
        detail="New jobs are refused until you resume it: their clients are told so."
        f" {plural(waiting + running, 'job')} that {_are_there(waiting + running)}"
        " still run.",
        confirm="Drain it",
    )


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


def _waiting(fields: Fields) -> Selection:
    """Return all ready jobs of the function."""
    function = required(fields, "function", "name the function whose jobs these are")
    return Selection(
        filters={"function": function, "state": "ready"}, said=f" of {shown(function)}"
    )


async def _counts(call: PageCall) -> tuple[int, int]:
    """Return how many jobs of the function wait, delayed ones included, and run."""
    name = word(call.field("function")) or "%00"
    (row,) = await call.ask(f"statistics function={name}", fresh=0.0)
    now = row["now"]
    return now["waiting"] + now["delayed"], now["running"]


def _wait(count: int) -> str:
    return f"{plural(count, 'job')} {'waits' if count == 1 else 'wait'}"


def _are_there(count: int) -> str:
    return "is there" if count == 1 else "are there"


def _running(count: int) -> str:
    if not count:
        return "None is running now."
    ends = "1 that is running ends" if count == 1 else f"{count:,} that are running end"
    return f"The {ends} as usual."


ACTIONS: Final = (
    Action(name="pause", label="Pause", run=pause, ask=ask_pause),
    Action(name="drain", label="Drain", run=drain, ask=ask_drain),
    Action(name="resume", label="Resume", run=resume),
    sweep(
        "cancel-waiting",
        "Cancel waiting jobs",
        _waiting,
        command="cancel jobs",
        verb="Cancel {}",
        past="cancelled",
        noun="waiting job",
        detail="Whoever waits for one is told that it failed. This cannot be undone.",
        is_dangerous=True,
    ),
    sweep(
        "move-waiting",
        "Move waiting jobs",
        _waiting,
        command="move jobs {to}",
        verb="Move {} to {to}",
        past="moved to {to}",
        noun="waiting job",
        detail="Workers of that function run them, with the policy of that function.",
        needs={"to": "name the function that is to have the jobs"},
    ),
)
