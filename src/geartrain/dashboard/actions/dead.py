"""Actions on dead letters: on all of a filter, and on those that were chosen."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import handle_word
from geartrain.dashboard.action import Action, Confirmation, Fields
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import plural
from geartrain.dashboard.sweeps import Selection, sweep
from geartrain.errors import OptionError
from geartrain.http.problems import ProblemError
from geartrain.texts import quoted, shown

__all__ = ["ACTIONS", "REVIVED"]

_FILTERS: Final = (
    "function",
    "reason",
    "kind",
    "error",
    "unique",
    "owner",
    "key",
    "batch",
    "older",
    "newer",
)
REVIVED: Final = "They become waiting jobs, with all of their attempts before them."
"""What follows from having dead letters run again."""

_LOST: Final = "Their workloads and errors are deleted. This cannot be undone."


def _letters(fields: Fields) -> Selection:
    """Return those that a form's filters fit, which are all if it has none."""
    given = {name: fields[name] for name in _FILTERS if fields.get(name)}
    said = f" of {shown(given['function'])}" if "function" in given else ""
    error = given.get("kind") or given.get("error")
    if error:
        said += f" with {quoted(error, 60)}"
    return Selection(filters=given, said=said)


async def ask_retry_chosen(call: PageCall) -> Confirmation:
    """Ask whether to run those chosen again."""
    count = len(_chosen(call))
    return Confirmation(
        text=f"Run {plural(count, 'dead letter')} again?",
        detail=REVIVED,
        confirm=f"Run {plural(count, 'dead letter')} again",
    )


async def retry_chosen(call: PageCall) -> str:
    """Run those chosen again."""
    return f"{await _each(call, 'retry')} run again."


async def ask_drop_chosen(call: PageCall) -> Confirmation:
    """Ask whether to delete those chosen."""
    count = len(_chosen(call))
    return Confirmation(
        text=f"Drop {plural(count, 'dead letter')}?",
        detail=_LOST,
        confirm=f"Drop {plural(count, 'dead letter')}",
    )


async def drop_chosen(call: PageCall) -> str:
    """Delete those chosen."""
    return f"{await _each(call, 'drop')} dropped."


def _chosen(call: PageCall) -> list[str]:
    """Return the handles that were chosen.

    Raises:
        OptionError: none was.
    """
    found = call.fields.get("chosen", [])
    if not found:
        raise OptionError("choose at least one dead letter in the table")
    return found


async def _each(call: PageCall, what: str) -> str:
    """Give an order to each that was chosen; return in words how many there were.

    Raises:
        ProblemError: one is refused, or none of them is there any more.
    """
    done, gone = 0, 0
    for handle in _chosen(call):
        try:
            await call.line(f"dead {what} {handle_word(handle)}")
            done += 1
        except ProblemError as problem:
            if problem.kind != "unknown-job":
                raise
            gone += 1
    if not done:
        raise ProblemError("unknown-job", "none of these is there any more: look again")
    said = plural(done, "dead letter")
    return f"{said} ({gone} no longer there)" if gone else said


ACTIONS: Final = (
    sweep(
        "retry-dead-letters",
        "Run them again",
        _letters,
        command="dead retry all",
        verb="Run {} again",
        past="run again",
        noun="dead letter",
        detail=REVIVED,
    ),
    sweep(
        "drop-dead-letters",
        "Drop them",
        _letters,
        command="dead drop all",
        verb="Drop {}",
        past="dropped",
        noun="dead letter",
        detail=_LOST,
        is_dangerous=True,
    ),
    Action(
        name="retry-chosen-letters",
        label="Run the chosen again",
        run=retry_chosen,
        ask=ask_retry_chosen,
    ),
    Action(
        name="drop-chosen-letters",
        label="Drop the chosen",
        run=drop_chosen,
        ask=ask_drop_chosen,
        is_dangerous=True,
    ),
)
