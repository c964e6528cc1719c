"""What comes when: recurring jobs, and delayed ones in the order of their times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.actions.schedules import setting_texts
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.pages.failures import REASONS
from geartrain.dashboard.snapshots import Row, are_of_several
from geartrain.http.endpoints import query
from geartrain.http.problems import ProblemError

__all__ = ["OUTCOME_KINDS", "PAGE"]

OUTCOME_KINDS: Final = {
    "succeeded": "succeeded",
    "dead": "failed",
    "failed": "failed",
    "lost": "failed",
    "refused": "failed",
    "expired": "failed",
}
"""The colour of what came of a time; others are as those that wait."""

# What the form of a new schedule has.
_BLANK: Final = setting_texts({})
# Rows of each table; a function narrows what they are of.
_MOST: Final = 100


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for what comes first of each kind."""
    function = call.values.get("function") or ""
    named = f" function={word(function)}" if function else ""

    async def coming(kind: str) -> list[dict[str, Any]]:
        return await call.ask(f"upcoming kind={kind} limit={_MOST}{named}")

    recurring, _ = await call.part(f"schedule list limit={_MOST}{named}")
    jobs = await coming("job")
    return {
        "function": function,
        "settings": _BLANK,
        "recurring": [{**row, "key": _key(row)} for row in recurring],
        "are_others": are_of_several(recurring),
        "outcomes": OUTCOME_KINDS,
        "jobs": jobs,
        "has_nodes": are_of_several(jobs),
        "stored": await coming("stored"),
        "delayed": await _delayed(call, named),
        "most": _MOST,
        "reasons": REASONS,
    }


def _key(row: Row) -> str:
    """Return what tells a schedule apart from those of other job servers."""
    return f"{row.get('name', '')} {row.get('node', '')}"


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
