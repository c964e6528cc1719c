"""All functions: sorted, filtered and paged by the job server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import AFTER, Page
from geartrain.dashboard.standing import standing
from geartrain.http.endpoints import query, sorting

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
    rows, more = await call.part(line + call.filters("sort", "match", "after"))
    whole = next(row for row in rows if "functions" in row)
    return {
        "functions": [row for row in rows if row.get("function") is not None],
        "whole": whole,
        "more": more,
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
        sorting(*_SORTS, default="waiting"),
        AFTER,
    ),
)
