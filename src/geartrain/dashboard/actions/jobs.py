"""Actions on jobs: on one, and on all that a search finds."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import handle_word, word
from geartrain.dashboard.action import Action, Confirmation, Fields
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.searches import read_search
from geartrain.dashboard.sweeps import Selection, required, sweep
from geartrain.errors import OptionError
from geartrain.http.problems import ProblemError
from geartrain.texts import shown

__all__ = ["ACTIONS"]

_GONE: Final = "it has ended, was dropped, or somebody else was faster: look again"
_UNDONE: Final = "Whoever waits for it is told that it failed. This cannot be undone."


async def _order(call: PageCall, command: str) -> None:
    """Have one job changed; raises ProblemError, which says who was faster."""
    try:
        await call.line(command)
    except ProblemError as problem:
        if problem.kind != "unknown-job":
            raise
        handle = shown(call.field("handle"))
        raise ProblemError("unknown-job", f"{handle} is not there: {_GONE}") from None


def _handle(call: PageCall) -> str:
    return handle_word(call.field("handle"))


async def ask_cancel(call: PageCall) -> Confirmation:
    """Ask whether to cancel a job."""
    return Confirmation(
        text=f"Cancel {shown(call.field('handle'))}?",
        detail=f"If it runs, its result is refused. {_UNDONE}",
        confirm="Cancel the job",
    )


async def cancel(call: PageCall) -> str:
    """End a job."""
    await _order(call, f"cancel job {_handle(call)}")
    return f"{shown(call.field('handle'))} is cancelled."


async def ask_retry(call: PageCall) -> Confirmation:
    """Ask whether to end the attempt that runs."""
    return Confirmation(
        text=f"Give this attempt of {shown(call.field('handle'))} up for another?",
        detail="The worker goes on until it is done, but its result is refused.",
        confirm="Run it again",
    )


async def retry(call: PageCall) -> str:
    """End the attempt that runs, and have another one."""
    await _order(call, f"retry job {_handle(call)}")
    return f"{shown(call.field('handle'))} waits for another attempt."


async def run(call: PageCall) -> str:
    """Let a job that waits for a time wait no longer."""
    await _order(call, f"run {_handle(call)}")
    return f"{shown(call.field('handle'))} waits for no time any more."


async def prioritise(call: PageCall) -> str:
    """Give a waiting job another priority."""
    priority = call.field("priority")
    await _order(call, f"priority {_handle(call)} {word(priority) or '%00'}")
    return f"{shown(call.field('handle'))} has {shown(priority)} priority."


async def move(call: PageCall) -> str:
    """Let a waiting job belong to another function."""
    to = required(call.form, "to", "name the function that it is to be moved to")
    await _order(call, f"move {_handle(call)} {word(to)}")
    return f"{shown(call.field('handle'))} is for {shown(to)} now."


async def retry_letter(call: PageCall) -> str:
    """Run a dead letter again."""
    await _order(call, f"dead retry {_handle(call)}")
    return f"{shown(call.field('handle'))} is a job again, with all of its attempts."


async def ask_drop_letter(call: PageCall) -> Confirmation:
    """Ask whether to delete a dead letter."""
    return Confirmation(
        text=f"Delete the dead letter {shown(call.field('handle'))}?",
        detail="Its workload and its error are deleted. This cannot be undone.",
        confirm="Delete it",
    )


async def drop_letter(call: PageCall) -> str:
    """Delete a dead letter."""
    await _order(call, f"dead drop {_handle(call)}")
    return f"The dead letter {shown(call.field('handle'))} is deleted."


def _found(fields: Fields) -> Selection:
    """Return all that a search finds."""
    search = read_search(fields.get("q", ""))
    if not search.filters:
        raise OptionError("say which jobs: give at least one qualifier")
    return Selection(
        filters=search.filters, note=f"All that {shown(search.text)} finds."
    )


ACTIONS: Final = (
    Action(
        name="cancel-job", label="Cancel", run=cancel, ask=ask_cancel, is_dangerous=True
    ),
    Action(name="retry-job", label="Run another attempt", run=retry, ask=ask_retry),
    Action(name="run-job", label="Run now", run=run),
    Action(name="prioritise-job", label="Set priority", run=prioritise),
    Action(name="move-job", label="Move", run=move),
    Action(name="retry-dead-letter", label="Run again", run=retry_letter),
    Action(
        name="drop-dead-letter",
        label="Delete",
        run=drop_letter,
        ask=ask_drop_letter,
        is_dangerous=True,
    ),
    sweep(
        "cancel-found",
        "Cancel all",
        _found,
        command="cancel jobs",
        verb="Cancel {}",
        past="cancelled",
        detail=_UNDONE,
        is_dangerous=True,
    ),
    sweep(
        "run-found",
        "Run all now",
        _found,
        command="run jobs",
        verb="Run {} now",
        past="made ready to run",
    ),
    sweep(
        "prioritise-found",
        "Set priority",
        _found,
        command="priority jobs {priority}",
        verb="Give {} {priority} priority",
        past="given {priority} priority",
        needs={"priority": "say which priority: high, normal or low"},
    ),
    sweep(
        "move-found",
        "Move all",
        _found,
        command="move jobs {to}",
        verb="Move {} to {to}",
        past="moved to {to}",
        detail="Only waiting jobs are moved.",
        needs={"to": "name the function that is to have the jobs"},
    ),
)
