"""The flow keys of a function: sorted, filtered and paged by the job server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.limits import LIMITS_MET
from geartrain.dashboard.page import AFTER, Page
from geartrain.dashboard.searches import quoted_value
from geartrain.dashboard.snapshots import LASTING
from geartrain.http.endpoints import in_path, query, sorting

__all__ = ["PAGE"]

# Keys on a page.
_LIMIT: Final = 50

_SORTS: Final = ("waiting", "running", "oldest", "key")


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for a slice of them."""
    values = call.values
    function = values["function"]
    given = call.filters("sort", "match", "after")
    line = f"keys {word(function)} limit={_LIMIT}{given}"
    rows, more = await call.part(line, fresh=LASTING)
    return {
        "title": f"Keys of {function}",
        "function": function,
        "search": f"function:{quoted_value(function)} key:",
        "quoted": quoted_value,
        "limits": LIMITS_MET,
        "rows": rows,
        "sort": values["sort"],
        "match": values.get("match", ""),
        "first": "after" in values,
        "more": more,
    }


PAGE: Final = Page(
    name="keys",
    path="/functions/{function}/keys",
    title="Keys",
    load=load,
    parameters=(
        in_path("function", "The function's name", "resize"),
        query("match", "A text in the keys, or a glob."),
        sorting(*_SORTS, default="waiting"),
        AFTER,
    ),
    is_listed=False,
    under="functions",
)
