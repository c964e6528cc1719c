"""The page that searches jobs, wherever they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.searches import QUALIFIERS, STATES, Search, read_search
from geartrain.dashboard.snapshots import are_of_several
from geartrain.errors import OptionError
from geartrain.http.endpoints import query
from geartrain.http.problems import ProblemError

__all__ = ["PAGE"]

_ROWS: Final = 50
# Functions whose names are offered while one types: the busiest.
_OFFERED: Final = 50

# The searches that are one click away, with the number beside them.
_TABS: Final = (
    ("Unfinished", "", ""),
    ("Running", "state:running", "running"),
    ("Waiting", "state:waiting", "waiting"),
    ("Delayed", "state:delayed", "delayed"),
    ("Dead", "state:dead", "dead"),
    ("Ended", "state:ended", ""),
    ("All", "state:all", ""),
)


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for what is looked for."""
    (whole,) = await call.ask("statistics limit=0 over=1")
    text, after = call.values.get("q", "").strip(), call.values.get("after", "")
    mistake = ""
    rows: list[dict[str, Any]] = []
    more = None
    try:
        search = read_search(text)
        rows, more = await _found(call, search)
    except OptionError as error:
        search, mistake = Search(text=text), str(error)
    return {
        "search": search,
        "mistake": mistake,
        "rows": rows,
        "more": more,
        "after": after,
        "whole": whole,
        "tabs": [
            (label, text, whole["now"][number] if number else None)
            for label, text, number in _TABS
        ],
        "qualifiers": QUALIFIERS,
        "offers": {
            "qualifiers": dict(QUALIFIERS),
            "state": list(STATES),
            "function": [] if call.is_update else await _functions(call),
        },
        "has_nodes": are_of_several(rows),
        "has_errors": any(row["error"] for row in rows),
    }


async def _found(
    call: PageCall, search: Search
) -> tuple[list[dict[str, Any]], str | None]:
    """Return rows of jobs, and where more may be."""
    if search.name:
        return await _named(call, search.name), None
    return await call.part(f"jobs{search.words} limit={_ROWS}{call.filters('after')}")


async def _named(call: PageCall, name: str) -> list[dict[str, Any]]:
    try:
        return await call.ask(f"job {word(name)} workload=no")
    except ProblemError as problem:
        if problem.kind != "unknown-job":
            raise
        return []


async def _functions(call: PageCall) -> list[str]:
    rows = await call.ask(f"statistics sort=waiting limit={_OFFERED} over=5")
    return [row["function"] for row in rows if row.get("function") is not None]


PAGE: Final = Page(
    name="jobs",
    path="/jobs",
    title="Jobs",
    load=load,
    parameters=(
        query("q", "What is looked for: qualifiers, or a handle or unique."),
        query("after", "Where the slice before ended."),
    ),
)
