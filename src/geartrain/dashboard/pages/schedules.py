"""What comes when: recurring jobs, and delayed ones in the order of their times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.pages.failures import REASONS
from geartrain.http.endpoints import query
from geartrain.http.problems import ProblemError

__all__ = ["PAGE"]

# Rows of each table; a function narrows what they are of.
_MOST: Final = 100


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for what comes first of each kind."""
    function = call.values.get("function") or ""
    named = f" function={word(function)}" if function else ""

    async def coming(kind: str) -> list[dict[str, Any]]:
        return await call.ask(f"upcoming kind={kind} limit={_MOST}{named}")

    return {
        "function": function,
        "recurring": await coming("schedule"),
        "jobs": await coming("job"),
        "stored": await coming("stored"),
        "delayed": await _delayed(call, named),
        "most": _MOST,
        "reasons": REASONS,
    }


async def _delayed(call: PageCall, named: str) -> int:
    """Return how many jobs wait for a time: those of a function, or all."""
    try:
        (row,) = await call.ask(f"statistics{named or ' limit=0'} over=1")
    except ProblemError as problem:
        if problem.kind != "unknown-function":
            raise
        return 0
    delayed: int = row["now"]["delayed"]
    return delayed


PAGE: Final = Page(
    name="schedules",
    path="/schedules",
    title="Scheduled",
    load=load,
    parameters=(query("function", "Only what is for this function."),),
)
