"""All functions: sorted, filtered and paged by the job server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.standing import standing
from geartrain.http.endpoints import query

__all__ = ["PAGE"]

# Functions on a page.
_LIMIT: Final = 50
# Minutes that rates and times go back, and those of the small lines.
_RECENT: Final = 5
_LINE: Final = 30

_SORTS: Final = (
    "function",
    "waiting",
    "delayed",
    "running",
    "workers",
    "oldest",
    "recent.submitted",
    "recent.succeeded",
    "recent.failures",
    "recent.waited",
    "recent.ran",
)


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for one part of the list."""
    values = call.values
    line = f"statistics limit={_LIMIT} over={_RECENT} minutes={_LINE}"
    for name in ("sort", "match", "after"):
        if values.get(name):
            line += f" {name}={word(values[name])}"
    rows = await call.ask(line)
    whole = next(row for row in rows if "functions" in row)
    return {
        "functions": [row for row in rows if row.get("function") is not None],
        "whole": whole,
        "more": next((row["after"] for row in rows if "after" in row), None),
        "sort": values["sort"],
        "match": values.get("match", ""),
        "standing": standing,
    }


PAGE: Final = Page(
    name="functions",
    path="/functions",
    title="Functions",
    load=load,
    parameters=(
        query("match", "A text in the names, or a glob."),
        query(
            "sort",
            "What they are sorted by.",
            enum=[sign + each for each in _SORTS for sign in ("", "-")],
            default="waiting",
        ),
        query("after", "Where to go on."),
    ),
)
