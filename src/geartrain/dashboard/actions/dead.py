"""Actions on dead letters: on all of a filter, and on those that were chosen."""

from __future__ import annotations

from typing import Final

from geartrain.admin.connection import handle_word, word
from geartrain.dashboard.action import Action, Confirmation
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import plural
from geartrain.errors import OptionError
from geartrain.http.problems import ProblemError
from geartrain.texts import quoted, shown

__all__ = ["ACTIONS"]

_FILTERS: Final = ("function", "reason", "error", "unique", "older", "newer")
_REVIVED: Final = "They become waiting jobs, with all of their attempts before them."
_LOST: Final = "Their workloads and errors are deleted. This cannot be undone."


async def ask_retry_all(call: PageCall) -> Confirmation:
    """Count what would be run again."""
    count = await _swept(call, "retry", "count=yes")
    return Confirmation(
        text=f"Run {plural(count, 'dead letter')}{_of(call)} again?",
        detail=_REVIVED,
        confirm=f"Run {plural(count, 'job')} again",
        is_possible=count > 0,
    )


async def retry_all(call: PageCall) -> str:
    """Run the dead letters of a filter again."""
    count = await _swept(call, "retry")
    return f"{plural(count, 'dead letter')}{_of(call)} run again."


async def ask_drop_all(call: PageCall) -> Confirmation:
    """Count what would be deleted."""
    count = await _swept(call, "drop", "count=yes")
    return Confirmation(
        text=f"Drop {plural(count, 'dead letter')}{_of(call)}?",
        detail=_LOST,
        confirm=f"Drop {plural(count, 'dead letter')}",
        is_possible=count > 0,
    )


async def drop_all(call: PageCall) -> str:
    """Delete the dead letters of a filter."""
    count = await _swept(call, "drop")
    return f"{plural(count, 'dead letter')}{_of(call)} dropped."


async def _swept(call: PageCall, what: str, *more: str) -> int:
    """Give an order to all that the fields of the form select; return how many."""
    given = {name: call.field(name) for name in _FILTERS}
    filters = [f"{name}={word(value)}" for name, value in given.items() if value]
    answer = await call.line(" ".join([f"dead {what} all", *filters, *more]))
    return int(answer.split(" ")[1])


def _of(call: PageCall) -> str:
    function, error = call.field("function"), call.field("error")
    said = f" of {shown(function)}" if function else ""
    return f"{said} with {quoted(error, 60)}" if error else said


async def ask_retry_chosen(call: PageCall) -> Confirmation:
    """Ask whether to run those chosen again."""
    count = len(_chosen(call))
    return Confirmation(
        text=f"Run {plural(count, 'dead letter')} again?",
        detail=_REVIVED,
        confirm=f"Run {plural(count, 'job')} again",
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
    """Give an order to each that was chosen; return in words how many there were."""
    done, gone = 0, 0
    for handle in _chosen(call):
        try:
            await call.line(f"dead {what} {handle_word(handle)}")
            done += 1
        except ProblemError as problem:
            if problem.kind != "unknown-job":
                raise
            gone += 1
    said = plural(done, "dead letter")
    return f"{said} ({gone} no longer there)" if gone else said


ACTIONS: Final = (
    Action(
        name="retry-dead-letters",
        label="Run them again",
        run=retry_all,
        ask=ask_retry_all,
    ),
    Action(
        name="drop-dead-letters",
        label="Drop them",
        run=drop_all,
        ask=ask_drop_all,
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
